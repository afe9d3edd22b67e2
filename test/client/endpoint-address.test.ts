import { expect, test } from 'vitest';

import { connect } from '../../src/client/index.js';
import { parseEndpoint } from '../../src/client/endpoint-address.js';

test.each([
  ['127.0.0.1:2379', '127.0.0.1:2379', 'http://127.0.0.1:2379', false],
  [' localhost ', 'localhost:2379', 'http://localhost:2379', false],
  ['http://a.example:80', 'a.example:80', 'http://a.example:80', false],
  ['https://a.example:443/', 'a.example:443', 'https://a.example:443', true],
  ['https://a.example', 'a.example:2379', 'https://a.example:2379', true],
  ['[::1]:1234', '[::1]:1234', 'http://[::1]:1234', false],
])('%s', (text, name, url, isSecure) => {
  expect(parseEndpoint(text)).toEqual({ name, url, isSecure });
});

test.each(['', 'ftp://a:1', 'http://a:1/path', 'a:b', 'http://'])('%j is none', (text) => {
  expect(() => parseEndpoint(text)).toThrow(/an endpoint is host:port/);
});

test('several endpoints may stand in one text', () => {
  expect(connect('a:1,b:2').endpoints).toEqual(['a:1', 'b:2']);
  expect(() => connect([])).toThrow('at least one endpoint');
});
