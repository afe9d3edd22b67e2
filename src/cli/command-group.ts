import { exitCodes } from './command.js';
import type { Command } from './command.js';
import { renderColumns } from './help.js';
import { nearest } from './nearest.js';
import { UsageError } from './options.js';
import type { OptionSpecs } from './options.js';
import { firstPositional } from './parse-options.js';

/** A command whose first word says which of several commands is meant: `quorate snapshot save`. */
export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
  /** Paragraphs, already broken into lines of up to 90 characters. */
  readonly description: string;
  /** Each is named with both words: `snapshot save`. */
  readonly commands: readonly Command[];
}

/** The commands of a group as one. Flags may stand on either side of the second word. */
export function defineGroup({ name, summary, description, commands }: CommandGroup): Command {
  const byVerb = new Map(commands.map((command) => [command.name.slice(name.length + 1), command]));
  const verbs = [...byVerb.keys()];
  const options = Object.assign({}, ...commands.map((command) => command.options)) as OptionSpecs;
  const help = [
    description.trim(),
    '',
    'Usage:',
    ...commands.flatMap((command) =>
      command.usage.map((way) => `  quorate ${command.name} ${way}`.trimEnd()),
    ),
    '',
    'Commands:',
    ...renderColumns(commands.map((command) => [command.name, command.summary])),
    '',
    `See \`quorate ${name} COMMAND --help\` for flags and examples.`,
    '',
  ].join('\n');
  return {
    name,
    summary,
    usage: commands.flatMap((command) =>
      command.usage.map((way) => `${command.name.slice(name.length + 1)} ${way}`),
    ),
    options: {},
    help,
    async run(args, io) {
      const at = firstPositional(options, args);
      const given = at === undefined ? undefined : args[at];
      const command = byVerb.get(given ?? '');
      if (at !== undefined && command !== undefined) return command.run(args.toSpliced(at, 1), io);
      if (args.includes('--help') || args.includes('-h')) {
        await io.stdout.write(help);
        return exitCodes.ok;
      }
      if (given === undefined)
        throw new UsageError(`${verbs.join(', ')}: one of these has to follow ${name}`);
      const guess = nearest(given, verbs);
      const hint = guess === undefined ? `it is one of ${verbs.join(', ')}` : `did you mean ${guess}?`;
      throw new UsageError(`unknown command ${name} ${given}; ${hint}`);
    },
  };
}
