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

function flagLines(options: OptionSpecs): string[] {
  const rows = Object.entries(options).map(
    ([name, spec]) => [flagLeft(name, spec), flagRight(name, spec)] as const,
  );
  return renderColumns([...rows, ['-h, --help', 'show this help']]);
}

function flagLeft(name: string, spec: OptionSpec<unknown>): string {
  const short = spec.short === undefined ? '    ' : `-${spec.short}, `;
  return `${short}--${flagName(name)}${spec.placeholder === undefined ? '' : ` ${spec.placeholder}`}`;
}

function flagRight(name: string, spec: OptionSpec<unknown>): string {
  const notes: string[] = [];
  if (spec.fallbackText !== undefined && spec.fallbackText !== '') notes.push(`default ${spec.fallbackText}`);
  if (spec.env) notes.push(variableName(name));
  return notes.length === 0 ? spec.description : `${spec.description} [${notes.join('; ')}]`;
}
