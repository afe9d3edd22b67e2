import type { Member } from '../member/index.js';
import type { HttpRequest, HttpResponse } from './http-exchange.js';
import type { ApiLimits } from './limits.js';
import type { Metrics } from './metrics/index.js';
import type { UnreadAnswers } from './unread-answers.js';
import { createProbes, livezChecks, readyzChecks } from './probes.js';
import type { CheckName, Probes } from './probes.js';
import { apiVersion, clusterApiVersion } from './version.js';

/** `/health`, `/livez`, `/readyz`, `/version` and `/metrics`: to be read with GET, by people and programs. */
export interface HttpPages {
  answer(url: URL, request: HttpRequest, response: HttpResponse): Promise<void>;
}

interface Page {
  readonly status: number;
  /** Text as it is, anything else as JSON. */
  readonly body: string | Readonly<Record<string, string | number>>;
  readonly contentType?: string;
}

const requestSizeBytesMax = 64 * 1024;
const text = 'text/plain; charset=utf-8';

export function createHttpPages(options: {
  readonly member: Member;
  readonly metrics: Metrics;
  readonly limits: ApiLimits;
  readonly answers: UnreadAnswers;
}): HttpPages {
  const { member, metrics, limits, answers } = options;
  const probes = createProbes(member, limits.healthTimeoutMs);

  async function pageOf({ pathname, searchParams }: URL): Promise<Page | null> {
    if (pathname === '/version') {
      return { status: 200, body: { etcdserver: apiVersion, etcdcluster: clusterApiVersion } };
    }
    if (pathname === '/metrics') {
      return { status: 200, body: await metrics.render(), contentType: metrics.contentType };
    }
    if (pathname === '/health') return healthPage(probes, searchParams);
    return checkPage(probes, pathname, searchParams);
  }

  return {
    async answer(url, request, response) {
      const isKnown = pagePath.test(url.pathname);
      const isRead = request.method === 'GET' || request.method === 'HEAD';
      const page = !isKnown ? null : isRead ? await pageOf(url) : methodNotAllowed;
      send(request, response, page ?? notFound, answers);
    },
  };
}

const pagePath = /^\/(health|version|metrics|(livez|readyz)(\/\w+)?)$/;
const notFound: Page = { status: 404, body: { error: 'Not Found', message: 'Not Found', code: 5 } };
const methodNotAllowed: Page = {
  status: 405,
  body: { error: 'Method Not Allowed', message: 'Method Not Allowed', code: 12 },
};

async function healthPage(probes: Probes, query: URLSearchParams): Promise<Page> {
  const reason = await probes.whyUnhealthy({
    serializable: query.get('serializable') === 'true',
    excludedAlarms: new Set(query.getAll('exclude')),
  });
  const body = { health: reason === null ? 'true' : 'false', reason: reason ?? '' };
  return { status: reason === null ? 200 : 503, body };
}

/** `/livez`, `/readyz`, or one check of theirs: `/readyz/linearizable_read`. Null: no such page. */
async function checkPage(probes: Probes, pathname: string, query: URLSearchParams): Promise<Page | null> {
  const [, page = '', single] = pathname.split('/');
  const all = page === 'livez' ? livezChecks : page === 'readyz' ? readyzChecks : null;
  if (all === null) return null;
  const names = single === undefined ? all : all.filter((name) => name === single);
  if (names.length === 0) return null;
  const excluded = new Set(query.getAll('exclude'));
  const results = await probes.check(names.filter((name) => !excluded.has(name)));
  const lines = names.map((name) => lineOf(name, results)).join('');
  const isWell = [...results.values()].every((reason) => reason === null);
  if (!isWell) return { status: 503, body: `${lines}${page} check failed\n`, contentType: text };
  return {
    status: 200,
    body: query.has('verbose') ? `${lines}${page} check passed\n` : 'ok\n',
    contentType: text,
  };
}

function lineOf(name: CheckName, results: ReadonlyMap<CheckName, string | null>): string {
  const reason = results.get(name);
  if (reason === undefined) return `[+]${name} excluded: ok\n`;
  return reason === null ? `[+]${name} ok\n` : `[-]${name} failed: ${reason}\n`;
}

function send(request: HttpRequest, response: HttpResponse, page: Page, answers: UnreadAnswers): void {
  if (response.destroyed) return;
  const { status, body, contentType = 'application/json' } = page;
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const forget = answers.admit(bytes.length, () => response.destroy());
  if (forget === null) {
    response.destroy();
    return;
  }
  response.once('close', forget);
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': bytes.length,
    ...(status === 405 ? { allow: 'GET' } : {}),
    ...(Number(request.headers['content-length'] ?? 0) > requestSizeBytesMax ? { connection: 'close' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}
