import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHistogram } from './load/histogram.js';
import type { Histogram } from './load/histogram.js';

export interface Load {
  readonly url: string;
  readonly body: Buffer;
  readonly connections: number;
  /** Requests at a time on each connection. */
  readonly streams: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

/** Over every request of the measured seconds. */
export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly latency: Histogram;
}

const running = new Set<ChildProcess>();

/** Ends what is under way; whoever waits for it is told. */
export function endH2load(): void {
  for (const child of running) child.kill('SIGKILL');
}

/** Sends the same gRPC request again and again with h2load. Throws when a request failed or none was answered. */
export async function runH2load(load: Load): Promise<LoadResult> {
  const folder = await mkdtemp(join(tmpdir(), 'quorate-bench-'));
  try {
    const bodyFile = join(folder, 'body');
    const logFile = join(folder, 'log');
    await writeFile(bodyFile, load.body);
    const output = await run('h2load', [
      ...['-D', durationText(load.seconds), `--warm-up-time=${durationText(load.warmUpSeconds)}`],
      ...['-c', String(load.connections), '-m', String(load.streams), '-t', '1'],
      ...['-d', bodyFile, `--log-file=${logFile}`],
      ...['-H', 'content-type: application/grpc', '-H', 'te: trailers', load.url],
    ]);
    const failed = /(\d+) failed, (\d+) errored, (\d+) timeout/.exec(output);
    if (failed === null || failed.slice(1).some((count) => count !== '0')) {
      throw new Error(`h2load had failures against ${load.url}:\n${output}`);
    }
    return summarize(await readFile(logFile, 'utf8'), load);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function durationText(seconds: number): string {
  return `${Math.round(seconds * 1000)}ms`;
}

/** Lines of "start time, HTTP status, microseconds"; status 0 is a request that the end of the run cut off. */
function summarize(log: string, { seconds, connections, streams }: Load): LoadResult {
  const latency = createHistogram();
  let cutOff = 0;
  for (const line of log.split('\n')) {
    if (line === '') continue;
    const [, status, time] = line.split('\t');
    if (status === '0') cutOff++;
    else if (status === '200') latency.record(Number(time));
    else throw new Error(`a request was answered with HTTP status ${String(status)}`);
  }
  if (cutOff > connections * streams) throw new Error(`${cutOff} requests were not answered`);
  if (latency.count === 0) throw new Error('no request was answered');
  return { requestsPerSecond: latency.count / seconds, latency };
}

function run(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    let output = '';
    const gather = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on('data', gather);
    child.stderr.on('data', gather);
    child.on('error', (error) => {
      running.delete(child);
      reject(error);
    });
    child.on('close', (code) => {
      running.delete(child);
      if (code === 0) resolve(output);
      else reject(new Error(`${command} ended with code ${String(code)}:\n${output}`));
    });
  });
}
