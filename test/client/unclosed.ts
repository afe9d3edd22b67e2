// A program that forgets to close its client: `node dist/test/client/unclosed.js 127.0.0.1:2379`.
import { connect } from '../../src/client/index.js';

const client = connect(process.argv[2] ?? '');
await client.put('forgetful', 'yes');
console.log((await client.get('forgetful'))?.text);
