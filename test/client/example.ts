// The ten lines of the README, as a program: `node dist/test/client/example.js 127.0.0.1:2379`.
import { compare, connect, op } from '../../src/client/index.js';

const client = connect(process.argv[2] ?? '127.0.0.1:2379,127.0.0.1:22379,127.0.0.1:32379');

await client.put('seats/7', 'free');
const taken = await client
  .txn()
  .if(compare.value('seats/7', '=', 'free'))
  .then(op.put('seats/7', 'ada'))
  .commit();
console.log(taken.succeeded, (await client.get('seats/7'))?.text);
for await (const seat of client.prefix('seats/')) console.log(seat.keyText, seat.text);

await client.close();
