import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

/** A real browser without a window, driven by its DevTools protocol over two pipes. */
export interface Chromium {
  /** Calls a method; rejects with what the browser says against it. */
  send(method: string, params?: object): Promise<Readonly<Record<string, unknown>>>;
  /** The value of an expression in the page, which may be a promise. */
  evaluate(expression: string): Promise<unknown>;
  /** Until the expression is true; checked once a frame. Rejects after `limitMs`. */
  waitFor(expression: string, limitMs?: number): Promise<void>;
  /** What the page said on its console as a warning or error, what it threw, and what its policy refused. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
  readonly sessionId?: string;
}

const candidates = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Where a browser is; null: none is installed. */
export function findChromium(): string | null {
  const chosen = process.env['CHROMIUM'];
  return [...(chosen === undefined ? [] : [chosen]), ...candidates].find((path) => existsSync(path)) ?? null;
}

export async function launchChromium(path: string): Promise<Chromium> {
  const profile = await mkdtemp(join(tmpdir(), 'quorate-chromium-'));
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'];
  const child = spawn(
    path,
    [...flags, `--user-data-dir=${profile}`, '--remote-debugging-pipe', 'about:blank'],
    {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    },
  );
  const pipe = createPipe(child);
  const { targetInfos } = await pipe.send('Target.getTargets', {}, null);
  const pages = targetInfos as readonly { readonly type: string; readonly targetId: string }[];
  const page = pages.find(({ type }) => type === 'page');
  if (page === undefined) throw new Error('the browser has no page');
  const attached = await pipe.send('Target.attachToTarget', { targetId: page.targetId, flatten: true }, null);
  const session = String(attached['sessionId']);
  const complaints: string[] = [];
  pipe.listen((method, params) => {
    if (method === 'Runtime.exceptionThrown') complaints.push(`thrown: ${JSON.stringify(params)}`);
    if (method === 'Runtime.consoleAPICalled' && params['type'] !== 'log')
      complaints.push(`console: ${JSON.stringify(params['args'])}`);
    if (method === 'Log.entryAdded') complaints.push(`log: ${JSON.stringify(params['entry'])}`);
  });
  const send = (method: string, params: object = {}): ReturnType<Chromium['send']> =>
    pipe.send(method, params, session);
  for (const domain of ['Page', 'Runtime', 'Log']) await send(`${domain}.enable`);

  async function evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await send('Runtime.evaluate', {
      ...{ expression, awaitPromise: true, returnByValue: true },
    });
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    return (result as { readonly value?: unknown }).value;
  }

  return {
    send,
    evaluate,
    async waitFor(expression, limitMs = 60_000) {
      const found = await evaluate(`new Promise((resolve) => {
        const end = performance.now() + ${limitMs};
        const look = () => (${expression}) ? resolve(true)
          : performance.now() > end ? resolve(false) : requestAnimationFrame(look);
        look();
      })`);
      if (found !== true) throw new Error(`not within ${limitMs} ms: ${expression}`);
    },
    complaints,
    async close() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
      await rm(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
    },
  };
}

interface Pipe {
  send(method: string, params: object, sessionId: string | null): Promise<Readonly<Record<string, unknown>>>;
  listen(listener: (method: string, params: Readonly<Record<string, unknown>>) => void): void;
}

/** Messages are JSON with a zero byte after each: to the browser on its file 3, from it on its file 4. */
function createPipe(child: ChildProcess): Pipe {
  const to = child.stdio[3] as Writable;
  const from = child.stdio[4] as Readable;
  const waiting = new Map<number, { resolve: (message: Message) => void; reject: (error: Error) => void }>();
  const listeners: ((method: string, params: Readonly<Record<string, unknown>>) => void)[] = [];
  let last = 0;
  let gathered: Buffer[] = [];

  from.on('data', (chunk: Buffer) => {
    let begin = 0;
    for (let end = chunk.indexOf(0); end >= 0; end = chunk.indexOf(0, begin)) {
      gathered.push(chunk.subarray(begin, end));
      receive(JSON.parse(Buffer.concat(gathered).toString()) as Message);
      gathered = [];
      begin = end + 1;
    }
    gathered.push(chunk.subarray(begin));
  });
  const fail = (): void => {
    for (const { reject } of waiting.values()) reject(new Error('the browser has ended'));
    waiting.clear();
  };
  child.once('exit', fail);
  child.once('error', fail);
  to.on('error', fail);

  function receive(message: Message): void {
    if (message.id !== undefined) {
      waiting.get(message.id)?.resolve(message);
      waiting.delete(message.id);
    } else if (message.method !== undefined) {
      for (const listener of listeners) listener(message.method, message.params ?? {});
    }
  }

  return {
    async send(method, params, sessionId) {
      const id = ++last;
      const answer = new Promise<Message>((resolve, reject) => waiting.set(id, { resolve, reject }));
      to.write(`${JSON.stringify({ id, method, params, ...(sessionId === null ? {} : { sessionId }) })}\0`);
      const { result, error } = await answer;
      if (error !== undefined) throw new Error(`${method}: ${error.message}`);
      return result ?? {};
    },
    listen: (listener) => void listeners.push(listener),
  };
}
