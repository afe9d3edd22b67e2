import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * Whose end of a connection on the loopback it is, by its port: Linux tells which socket has the port, and which process has
 * the socket. Null: of none of them, or it is gone already.
 */
export function ownerOfPort(port: number, pids: ReadonlyMap<string, number>): string | null {
  const socket = socketOf(port);
  if (socket === null) return null;
  for (const [name, pid] of pids) if (holds(pid, socket)) return name;
  return null;
}

/** `socket:[12345]`, as a descriptor of it reads. */
function socketOf(port: number): string | null {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const line of readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1)) {
    const [, local = '', , , , , , , , inode = '0'] = line.trim().split(/\s+/);
    if (local.endsWith(wanted) && inode !== '0') return `socket:[${inode}]`;
  }
  return null;
}

function holds(pid: number, socket: string): boolean {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).some((descriptor) => targetOf(`${folder}/${descriptor}`) === socket);
  } catch {
    return false; // The process has just ended.
  }
}

function targetOf(link: string): string | null {
  try {
    return readlinkSync(link);
  } catch {
    return null; // Closed meanwhile.
  }
}
