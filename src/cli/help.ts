import { flagName, variableName } from './options.js';
import type { OptionSpec, OptionSpecs } from './options.js';

interface HelpParts {
  readonly name: string;
  readonly usage: readonly string[];
  readonly description: string;
  readonly options: OptionSpecs;
  readonly examples: readonly { readonly command: string; readonly meaning: string }[];
}

/** The text of `quorate NAME --help`, rendered from the same tables that parsing reads. */
export function renderCommandHelp(parts: HelpParts): string {
  const usage = parts.usage.map((way) => `  quorate ${parts.name} ${way}`.trimEnd());
  const sections = [
    parts.description.trim(),
    section('Usage', usage),
    section('Flags', flagLines(parts.options)),
  ];
  if (parts.examples.length > 0) {
    const lines = parts.examples.flatMap(({ command, meaning }) => [`  # ${meaning}`, `  ${command}`]);
    sections.push(section('Examples', lines));
  }
  return `${sections.join('\n\n')}\n`;
}

/** Two columns, the first as wide as its longest entry; further lines of the second are indented to it. */
export function renderColumns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(0, ...rows.map(([left]) => left.length)) + 2;
  return rows.flatMap(([left, right]) => {
    const lines = right.split('\n');
    return lines.map((line, index) => `  ${(index === 0 ? left : '').padEnd(width)}${line}`.trimEnd());
  });
}

function section(title: string, lines: readonly string[]): string {
  return [`${title}:`, ...lines].join('\n');
}

const lineLengthMax = 100;

function flagLines(options: OptionSpecs): string[] {
  const lefts = Object.entries(options).map(([name, spec]) => flagLeft(name, spec));
  const indent = Math.max(...lefts.map((left) => left.length), helpLeft.length) + 4;
  const rows = Object.entries(options).map(([name, spec], index) => {
    return [lefts[index] ?? '', flagRight(name, spec, lineLengthMax - indent)] as const;
  });
  return renderColumns([...rows, [helpLeft, 'show this help']]);
}

const helpLeft = '-h, --help';

function flagLeft(name: string, spec: OptionSpec<unknown>): string {
  const short = spec.short === undefined ? '    ' : `-${spec.short}, `;
  return `${short}--${flagName(name)}${spec.placeholder === undefined ? '' : ` ${spec.placeholder}`}`;
}

/** What the flag means, then its default and its variable: on the same line if there is room. */
function flagRight(name: string, spec: OptionSpec<unknown>, room: number): string {
  const notes: string[] = [];
  if (spec.fallbackText !== undefined && spec.fallbackText !== '') notes.push(`default ${spec.fallbackText}`);
  if (spec.env) notes.push(variableName(name));
  if (notes.length === 0) return spec.description;
  const lastLine = spec.description.slice(spec.description.lastIndexOf('\n') + 1);
  const inOne = `[${notes.join('; ')}]`;
  if (lastLine.length + 1 + inOne.length <= room) return `${spec.description} ${inOne}`;
  const wrapped = inOne.length <= room ? inOne : `[${notes.join(';\n ')}]`;
  return `${spec.description}\n${wrapped}`;
}
