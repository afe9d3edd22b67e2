// Generates src/gen/protos.{js,d.ts} (code) and src/gen/schema.{js,d.ts} (the same as data, for JSON and reflection)
// from every .proto file in this folder, and copies them beside the compiled sources (--copy-to <folder>), because tsc
// does not copy hand-over JavaScript by itself.
import { cpSync, mkdirSync, readdirSync, rmSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const protoFolder = dirname(fileURLToPath(import.meta.url));
const genFolder = join(protoFolder, '..', 'src', 'gen');
const outFile = join(genFolder, 'protos.js');
const schemaFile = join(genFolder, 'schema.js');

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
  await run(require, args);
  await generateSchema(require, sources);
}

/** Everything but the protocol between members, which is no client's business. */
async function generateSchema(require, sources) {
  const jsonFile = join(genFolder, 'schema.json');
  const forClients = sources.filter((file) => !file.endsWith('peer.proto'));
  await run(require, ['-t', 'json', '-p', protoFolder, '-o', jsonFile, ...forClients]);
  const schema = JSON.parse(readFileSync(jsonFile, 'utf8'), keepNameInJson);
  writeFileSync(schemaFile, `export const schema = ${JSON.stringify(schema, null, 1)};\n`);
  writeFileSync(
    join(genFolder, 'schema.d.ts'),
    "import type { INamespace } from 'protobufjs';\nexport const schema: INamespace;\n",
  );
  rmSync(jsonFile);
}

/** Fields are called in JSON what they are called here, not in camel case. */
function keepNameInJson(_key, value) {
  const { protoName } = value ?? {};
  return typeof protoName === 'string' ? { ...value, jsonName: protoName } : value;
}

async function run(require, args) {
  await new Promise((resolve, reject) => {
    require('protobufjs-cli/pbjs').main(args, (error) => (error ? reject(error) : resolve()));
  });
}

function isFresh(inputs) {
  try {
    const generatedAt = Math.min(statSync(outFile).mtimeMs, statSync(schemaFile).mtimeMs);
    return inputs.every((file) => statSync(file).mtimeMs < generatedAt);
  } catch {
    return false; // Nothing has been generated yet.
  }
}
