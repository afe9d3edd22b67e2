/** A program that starts a cluster and then lives until it is ended: `node parent.js DATA-FOLDER MEMBER-PROGRAM…` */
import { createCluster } from '../../cluster/index.js';

const [dataFolder = '', ...program] = process.argv.slice(2);
const cluster = await createCluster({ dataFolder, ports: 'free', program });
await cluster.start();
const [first] = cluster.members;
first?.pause(); // A frozen member must go too.
console.log(JSON.stringify(cluster.members.map(({ pid }) => pid)));
