/** A line that tells how far things are: renewed in place on a terminal, repeated now and then elsewhere. */
export interface Meter {
  /** Prints a line that stays. */
  note(line: string): void;
  close(): void;
}

const everyMs = { terminal: 250, elsewhere: 5_000 };

export function openMeter(describe: () => string): Meter {
  const { isTTY } = process.stdout;
  const clearLine = isTTY ? '\r\u001b[K' : '';
  const timer = setInterval(
    () =>
      process.stdout.write(
        isTTY ? clearLine + describe().slice(0, process.stdout.columns - 1) : `${describe()}\n`,
      ),
    isTTY ? everyMs.terminal : everyMs.elsewhere,
  );
  return {
    note: (line) => void process.stdout.write(`${clearLine}${line}\n`),
    close() {
      clearInterval(timer);
      process.stdout.write(clearLine);
    },
  };
}
