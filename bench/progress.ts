/** Tells a person what is being done and how long the rest will take. */
export interface Progress {
  /** Begins a step that should take so many seconds; what was begun before is done. */
  step(text: string, seconds: number): void;
  /** More about the step under way. */
  detail(text: string): void;
  end(): void;
}

export interface ProgressOutput {
  readonly isTerminal: boolean;
  write(text: string): void;
  nowMs(): number;
}

/** `totalSeconds`: of all steps together, as they will be announced. What is left is corrected by how long they take. */
export function createProgress(totalSeconds: number, output: ProgressOutput): Progress {
  const startedMs = output.nowMs();
  let announcedSeconds = 0;
  let doneSeconds = 0;
  let stepSeconds = 0;
  let text = '';

  function leftText(): string {
    const takenSeconds = (output.nowMs() - startedMs) / 1000;
    const pace = doneSeconds < 20 ? 1 : takenSeconds / doneSeconds;
    const left = Math.max(0, Math.max(totalSeconds, announcedSeconds) - doneSeconds) * pace;
    return left < 90 ? `${Math.ceil(left / 5) * 5} s left` : `${Math.round(left / 60)} min left`;
  }

  function show(line: string): void {
    // One line that the next one replaces; on a pipe, a line each.
    output.write(output.isTerminal ? `\r\x1b[2K${line}` : `${line}\n`);
  }

  return {
    step(name, seconds) {
      doneSeconds += stepSeconds;
      stepSeconds = seconds;
      announcedSeconds += seconds;
      text = name;
      show(`[${leftText()}] ${text}`);
    },
    detail(more) {
      if (output.isTerminal) show(`[${leftText()}] ${text}: ${more}`);
    },
    end() {
      if (output.isTerminal) output.write('\r\x1b[2K');
    },
  };
}

export const screen: ProgressOutput = {
  isTerminal: process.stderr.isTTY,
  write: (text) => void process.stderr.write(text),
  nowMs: () => performance.now(),
};
