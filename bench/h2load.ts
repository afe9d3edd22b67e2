import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Load {
  readonly url: string;
  readonly body: Buffer;
  readonly connections: number;
  /** Requests at a time on each connection. */
  readonly streams: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

/** Times in microseconds, over every request of the measured seconds. */
export interface LoadResult {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly medianUs: number;
  readonly p99Us: number;
}

/** Sends the same gRPC request again and again with h2load. Throws when a request failed or none was answered. */
export async function runLoad(load: Load): Promise<LoadResult> {
  const folder = await mkdtemp(join(tmpdir(), 'quorate-bench-'));
  try {
    const bodyFile = join(folder, 'body');
    const logFile = join(folder, 'log');
    await writeFile(bodyFile, load.body);
    const output = await run('h2load', [
      ...['-D', String(load.seconds), `--warm-up-time=${load.warmUpSeconds}`],
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

/** Lines of "start time, HTTP status, microseconds"; status 0 is a request that the end of the run cut off. */
function summarize(log: string, { seconds, connections, streams }: Load): LoadResult {
  const lines = log.split('\n').filter((line) => line !== '');
  const answered = lines.map((line) => line.split('\t')).filter(([, status]) => status !== '0');
  const other = answered.find(([, status]) => status !== '200');
  if (other !== undefined) throw new Error(`a request was answered with HTTP status ${String(other[1])}`);
  const cutOff = lines.length - answered.length;
  if (cutOff > connections * streams) throw new Error(`${cutOff} requests were not answered`);
  if (answered.length === 0) throw new Error('no request was answered');
  const timesUs = Float64Array.from(answered, ([, , time]) => Number(time)).sort();
  return {
    requests: timesUs.length,
    requestsPerSecond: timesUs.length / seconds,
    medianUs: quantile(timesUs, 0.5),
    p99Us: quantile(timesUs, 0.99),
  };
}

/** Of sorted values. */
export function quantile(sorted: ArrayLike<number>, fraction: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}

function run(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const gather = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on('data', gather);
    child.stderr.on('data', gather);
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${command} ended with code ${String(code)}:\n${output}`));
    });
  });
}
