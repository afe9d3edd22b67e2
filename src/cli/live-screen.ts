/** Frames of text on the terminal's second screen, which vanishes on close and gives back what was there before. */
export interface LiveScreen {
  draw(lines: readonly string[]): void;
  close(): void;
}

const escape = '\u001b[';
const enter = `${escape}?1049h${escape}?25l${escape}?7l`; // second screen, no cursor, no wrapping of long lines
const leave = `${escape}?7h${escape}?25h${escape}?1049l`;
const [beginFrame, endFrame] = [`${escape}?2026h`, `${escape}?2026l`]; // shown at once where the terminal can
const [clearToLineEnd, clearBelow] = [`${escape}K`, `${escape}J`];

/**
 * Each frame is written over the last, in one piece and without clearing first, so that nothing flickers. Each line
 * is addressed by its number: a terminal that is too small clips the frame and never scrolls, and one that
 * changes its size is right again with the next frame.
 */
export function openLiveScreen(write: (text: string) => void): LiveScreen {
  let isOpen = true;

  function close(): void {
    if (!isOpen) return;
    isOpen = false;
    process.off('exit', close);
    write(leave);
  }

  process.once('exit', close); // An exception must not leave the terminal without a cursor.
  write(enter);
  return {
    draw(lines) {
      if (!isOpen) return;
      const rows = lines.map((line, index) => `${escape}${index + 1};1H${line}${clearToLineEnd}`);
      write(`${beginFrame}${rows.join('')}${clearBelow}${endFrame}`);
    },
    close,
  };
}
