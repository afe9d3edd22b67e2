// Generates src/gen/protos.{js,d.ts} from every .proto file in this folder, and copies them beside the
// compiled sources (--copy-to <folder>), because tsc does not copy hand-over JavaScript by itself.
import { cpSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const protoFolder = dirname(fileURLToPath(import.meta.url));
const genFolder = join(protoFolder, '..', 'src', 'gen');
const outFile = join(genFolder, 'protos.js');

const copyAt = process.argv.indexOf('--copy-to');
if (copyAt >= 0) {
  cpSync(genFolder, process.argv[copyAt + 1], { recursive: true });
} else {
  await generate();
}

async function generate() {
  const require = createRequire(import.meta.url);
  const sources = readdirSync(protoFolder, { recursive: true })
    .filter((name) => name.endsWith('.proto'))
    .sort()
    .map((name) => join(protoFolder, name));
  if (isFresh([...sources, fileURLToPath(import.meta.url)])) return;
  mkdirSync(genFolder, { recursive: true });
  const args = ['-t', 'static-module', '-w', 'esm', '--dependency', 'protobufjs/minimal.js'];
  args.push('--no-verify', '--no-convert', '--no-delimited', '--no-typeurl', '--no-service');
  args.push('-p', protoFolder, '-d', '-o', outFile, ...sources);
  await new Promise((resolve, reject) => {
    require('protobufjs-cli/pbjs').main(args, (error) => (error ? reject(error) : resolve()));
  });
}

function isFresh(inputs) {
  try {
    const generatedAt = statSync(outFile).mtimeMs;
    return inputs.every((file) => statSync(file).mtimeMs < generatedAt);
  } catch {
    return false; // Nothing has been generated yet.
  }
}
