/**
 * Ends the members when this process ends, however it ends: normally, by a signal, even by SIGKILL.
 *
 * A shell of a few hundred kilobytes reads from a pipe which processes there are. When this process is gone, the pipe
 * is closed, and the shell kills what is still on its list. That works for members of any program, paused ones too,
 * and needs no handlers in this process.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';

const script = `
trap '' INT TERM HUP
pids=
while read -r verb pid; do
  case $verb in
    watch) pids="$pids $pid" ;;
    forget)
      kept=
      for other in $pids; do [ "$other" = "$pid" ] || kept="$kept $other"; done
      pids=$kept ;;
  esac
done
[ -z "$pids" ] || kill -KILL $pids
`;

export interface Guard {
  watch(pid: number): void;
  /** The process is gone: its number may soon be another's. */
  forget(pid: number): void;
}

/** A guard that keeps its shell only while there is something to watch. */
export function createGuard(): Guard {
  const watched = new Set<number>();
  let shell: ChildProcess | null = null;

  function openShell(): ChildProcess {
    // In a session of its own, so that Ctrl-C at the terminal does not reach it.
    const opened = spawn('/bin/sh', ['-c', script], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
      cwd: '/',
    });
    opened.on('error', (error) => {
      process.emitWarning(`members may outlive this process, as /bin/sh did not start: ${error.message}`);
    });
    opened.on('exit', () => {
      if (shell !== opened) return;
      shell = null;
      if (watched.size > 0) openAgain();
    });
    opened.stdin.on('error', () => undefined); // It is gone: 'exit' says so too.
    opened.unref();
    return opened;
  }

  function openAgain(): void {
    shell = openShell();
    for (const pid of watched) tell(`watch ${pid}`);
  }

  function tell(line: string): void {
    shell?.stdin?.write(`${line}\n`);
  }

  return {
    watch(pid) {
      watched.add(pid);
      if (shell === null) openAgain();
      else tell(`watch ${pid}`);
    },
    forget(pid) {
      watched.delete(pid);
      tell(`forget ${pid}`);
      if (watched.size > 0) return;
      const closing = shell;
      shell = null;
      closing?.stdin?.end();
    },
  };
}
