import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createJsonValues, JsonError } from '../../src/api/gateway/json-values.js';
import { createPartialMessages } from '../../src/api/message-reader.js';
import { QuorateError } from '../../src/base/index.js';
import type { Member } from '../../src/member/index.js';
import { request, serveApi } from './serve.js';
import type { HttpAnswer } from './serve.js';
import { stubMember } from './stub-member.js';

const header = { cluster_id: '15920224682754703362', member_id: '13602841199495872513', raft_term: '7' };

async function post(path: string, body: unknown, overrides: Partial<Member> = {}): Promise<HttpAnswer> {
  const { address } = await serveApi(stubMember(overrides));
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return request(address + path, { method: 'POST', body: text });
}

describe('A request over HTTP', () => {
  it('runs the method of its path, with bytes as base64 and 64-bit numbers as text', async () => {
    const { status, text, headers } = await post('/v3/kv/range', { key: 'aw==' });
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/json');
    expect(JSON.parse(text)).toEqual({
      header: { ...header, revision: '5' },
      kvs: [{ key: 'aw==', create_revision: '2', mod_revision: '3', version: '2' }],
      count: '1',
    });
  });

  it.each(['/v3/kv/range', '/v3beta/kv/range'])('is served at %s', async (path) => {
    expect((await post(path, { key: 'aw==' })).status).toBe(200);
  });

  it('may write fields either way, and more of them than there are', async () => {
    const seen: unknown[] = [];
    const range: Member['range'] = async (asked) => {
      seen.push(asked);
      return stubMember().range(asked);
    };
    await post(
      '/v3/kv/range',
      { key: 'aw==', range_end: 'AA==', limit: '5', sort_order: 'DESCEND' },
      { range },
    );
    await post(
      '/v3/kv/range',
      { key: 'aw==', rangeEnd: 'AA==', limit: 5, sortOrder: 2, other: {} },
      { range },
    );
    expect(seen).toHaveLength(2);
    expect(seen[0]).toEqual(seen[1]);
    expect(seen[0]).toMatchObject({ key: 'k', rangeEnd: '\0', limit: 5, sortOrder: 'descend' });
  });

  it('keeps all 64 bits of a lease id, written as a number or as text', async () => {
    const seen: bigint[] = [];
    const put: Member['put'] = async (asked) => {
      seen.push(asked.lease);
      return stubMember().put(asked);
    };
    await post('/v3/kv/put', '{"key":"aw==","lease":7587862094117000001}', { put });
    await post('/v3/kv/put', '{"key":"aw==","lease":"-9223372036854775808"}', { put });
    expect(seen).toEqual([7587862094117000001n, -(2n ** 63n)]);
  });

  it('without a body is an empty message', async () => {
    expect((await post('/v3/cluster/member/list', '')).status).toBe(200);
  });

  it.each([
    ['half a message', '{"key":"aw=="', 400],
    ['no JSON', 'key', 400],
    ['a list', '[]', 400],
    ['a number for bytes', '{"key":{}}', 400],
    ['a word for a number', '{"key":"aw==","limit":"x"}', 400],
    ['an order that there is not', '{"key":"aw==","sort_order":"UPWARDS"}', 400],
    ['a number beyond 64 bits', '{"key":"aw==","limit":"9223372036854775808"}', 400],
  ])('with %s is refused, saying why', async (_, body, expected) => {
    const { status, text } = await post('/v3/kv/range', body);
    expect(status).toBe(expected);
    const { error, message, code } = JSON.parse(text) as Record<string, unknown>;
    expect(error).not.toBe('');
    expect(message).toBe(error);
    expect(code).toBe(3);
  });

  it('larger than the bound is refused, and the member goes on', async () => {
    const { address } = await serveApi(stubMember(), { limits: { jsonRequestSizeMax: 1000 } });
    const body = JSON.stringify({ key: 'a'.repeat(4000) });
    expect((await request(`${address}/v3/kv/range`, { method: 'POST', body })).status).toBe(400);
    const small = { method: 'POST', body: JSON.stringify({ key: 'aw==' }) };
    expect((await request(`${address}/v3/kv/range`, small)).status).toBe(200);
  });

  it.each([
    ['permission-denied', 403, 7, 'etcdserver: permission denied'],
    ['no-leader', 503, 14, 'etcdserver: no leader'],
    ['auth-not-enabled', 412, 9, 'etcdserver: authentication is not enabled'],
    ['too-many-requests', 500, 2, 'etcdserver: too many requests'],
  ] as const)('that fails with %s answers %i', async (code, status, grpcCode, message) => {
    const range: Member['range'] = () => Promise.reject(new QuorateError(code));
    const answer = await post('/v3/kv/range', { key: 'aw==' }, { range });
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.text)).toEqual({ error: message, message, code: grpcCode });
  });

  it('has to be a POST, to a path that there is', async () => {
    const { address } = await serveApi(stubMember());
    const { status, headers } = await request(`${address}/v3/kv/range`);
    expect([status, headers.get('allow')]).toEqual([405, 'POST']);
    expect((await request(`${address}/v3/kv/nothing`, { method: 'POST' })).status).toBe(404);
  });

  it('brings its token in the authorization header', async () => {
    const seen: unknown[] = [];
    const auth: Member['auth'] = {
      ...stubMember().auth,
      callerOf(credentials) {
        seen.push(credentials);
        return { user: '', authRevision: 0 };
      },
    };
    const { address } = await serveApi(stubMember({ auth }));
    for (const authorization of ['abc.1', 'Bearer abc.1']) {
      await request(`${address}/v3/kv/range`, {
        method: 'POST',
        headers: { authorization },
        body: '{"key":"aw=="}',
      });
    }
    expect(seen).toEqual([
      { token: 'abc.1', commonName: null },
      { token: 'abc.1', commonName: null },
    ]);
  });
});

describe('A stream over HTTP', () => {
  it('takes several requests in one body, and answers each with a line', async () => {
    const { text } = await post('/v3/lease/keepalive', '{"ID":"1"}{"ID":"2"} {"ID":3}');
    const lines = text.trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { result: { ID: string } }).result.ID)).toEqual([
      '1',
      '2',
      '3',
    ]);
  });

  it('ends with an error line when a later request is malformed', async () => {
    const { text } = await post('/v3/lease/keepalive', '{"ID":"1"}{"ID":"x"}');
    const last = JSON.parse(text.trimEnd().split('\n').at(-1) ?? '') as { error: Record<string, unknown> };
    expect(last.error).toMatchObject({ grpc_code: 3, http_code: 400 });
  });
});

describe('A request of a web page', () => {
  const origin = 'https://example.org';
  const body = '{"key":"aw=="}';

  it('is refused: any page that a browser shows could send it', async () => {
    const { address } = await serveApi(stubMember());
    const { status, text } = await request(`${address}/v3/kv/range`, {
      method: 'POST',
      headers: { origin },
      body,
    });
    expect(status).toBe(403);
    expect(text).toContain('--cors');
  });

  it('is served when its origin is allowed', async () => {
    const { address } = await serveApi(stubMember(), { allowedOrigins: [origin] });
    const answer = await request(`${address}/v3/kv/range`, { method: 'POST', headers: { origin }, body });
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, origin]);
    const preflight = await request(`${address}/v3/kv/range`, { method: 'OPTIONS', headers: { origin } });
    expect(preflight.status).toBe(204);
    const other = { method: 'POST', headers: { origin: 'https://example.com' }, body };
    expect((await request(`${address}/v3/kv/range`, other)).status).toBe(403);
  });
});

describe('JSON values in a body', () => {
  function readAll(chunks: readonly string[]): unknown[] {
    const values = createJsonValues(10_000, createPartialMessages(10_000));
    return [...chunks.flatMap((chunk) => [...values.push(chunk)]), ...values.end()];
  }

  it('come out one by one, wherever the body is cut', () => {
    const objects = fc.array(
      fc.dictionary(fc.string(), fc.jsonValue({ noUnicodeString: false }), { maxKeys: 3 }),
      {
        maxLength: 4,
      },
    );
    fc.assert(
      fc.property(objects, fc.constantFrom('', ' ', '\n'), fc.array(fc.nat(40)), (values, space, cuts) => {
        let rest = values.map((value) => JSON.stringify(value)).join(space);
        const chunks = cuts.map((cut) => {
          const chunk = rest.slice(0, cut);
          rest = rest.slice(cut);
          return chunk;
        });
        // Numbers too long to be exact come as text; these values have none.
        fc.pre(!/\d{16}/.test(values.map((value) => JSON.stringify(value)).join(' ')));
        expect(readAll([...chunks, rest])).toEqual(JSON.parse(JSON.stringify(values)));
      }),
    );
  });

  it('keep long whole numbers as text, and numbers within text as they are', () => {
    expect(
      readAll(['{"a":1234567890123456789,"b":"x 1234567890123456789","c":-1234567890123456,"d":1e30}']),
    ).toEqual([{ a: '1234567890123456789', b: 'x 1234567890123456789', c: '-1234567890123456', d: 1e30 }]);
  });

  it.each(['{', '{"a":}', '}', '"a', '{"a":1} x'])('are refused when they are none: %s', (text) => {
    expect(() => readAll([text])).toThrow(JsonError);
  });
});
