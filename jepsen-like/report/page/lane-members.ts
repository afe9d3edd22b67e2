import { formatCount, formatDuration, formatTime } from './format.js';
import type { Lane } from './lane.js';
import { roles } from './packed.js';
import type { RoleName } from './packed.js';
import type { Hit } from './plot.js';
import type { MemberHistory, Run } from './run.js';
import { firstWhere } from './scale.js';
import { fitted } from './spans.js';
import type { Frame, Surface } from './surface.js';

const barPx = 16;
const topPx = 4;
const commitPx = 12;
const commitStepPx = 2;
const textFromPx = 34;

/** Times at which role or term changed: most notes tell only of the commit index. */
interface Segments {
  readonly at: number[];
  readonly role: number[];
  readonly term: number[];
}

/** For each member its role and term, and under it how its commit index rose. */
export function memberLanes(run: Run): Lane[] {
  const { members, endUs } = run;
  const range = (frame: Frame): CommitRange => ({
    low: Math.min(...members.map((member) => commitAt(member, frame.fromUs))),
    high: Math.max(1, ...members.map((member) => commitAt(member, frame.toUs))),
  });
  return members.map((member) => memberLane(member, endUs, range));
}

interface CommitRange {
  readonly low: number;
  readonly high: number;
}

function memberLane(member: MemberHistory, endUs: number, range: (frame: Frame) => CommitRange): Lane {
  const segments = segmentsOf(member);

  function hitOf(frame: Frame, place: number, us: number, y: number): Hit {
    const atUs = segments.at[place] ?? 0;
    const until = segments.at[place + 1] ?? endUs;
    const left = Math.max(frame.left, frame.xOf(atUs));
    const right = Math.min(frame.right, frame.xOf(until));
    const role = roles[segments.role[place] ?? 0] ?? 'down';
    const known = `${member.name} · ${role}${role === 'down' ? '' : `, term ${segments.term[place] ?? 0}`}`;
    return {
      lines: [
        { style: 'strong', text: known },
        { style: 'text', text: `commit index ${formatCount(commitAt(member, us))}` },
        {
          style: 'plain',
          text: `${formatTime(atUs, 1000)} to ${formatTime(until, 1000)}, ${formatDuration(until - atUs)}`,
        },
      ],
      box: { x: left, y: y + topPx, width: Math.max(2, right - left), height: barPx },
      atUs,
      lengthUs: until - atUs,
    };
  }

  return {
    name: member.name,
    group: 'members',
    height: topPx + barPx + commitPx + 4,
    draw(surface, frame, y) {
      const first = Math.max(0, placeAt(segments.at, frame.fromUs));
      for (let place = first; place < segments.at.length; place++) {
        const from = segments.at[place] ?? 0;
        if (from > frame.toUs) break;
        drawSegment(surface, frame, {
          role: roles[segments.role[place] ?? 0] ?? 'down',
          term: segments.term[place] ?? 0,
          left: Math.max(frame.left - 10, frame.xOf(from)),
          right: Math.min(frame.right + 10, frame.xOf(segments.at[place + 1] ?? endUs)),
          y: y + topPx,
        });
      }
      drawCommit(surface, frame, member, { ...range(frame), y: y + topPx + barPx + 2, endUs });
    },
    hit(frame, x, _inLane, y) {
      const us = frame.usOf(x);
      const place = placeAt(segments.at, us);
      return place < 0 || us > endUs ? null : hitOf(frame, place, us, y);
    },
    hasMarked: () => false,
    neighbour(frame, us, direction, y) {
      const place =
        direction === 1
          ? firstWhere(segments.at.length, (each) => (segments.at[each] ?? 0) > us)
          : firstWhere(segments.at.length, (each) => (segments.at[each] ?? 0) >= us) - 1;
      const at = segments.at[place];
      return at === undefined ? null : hitOf(frame, place, at, y);
    },
  };
}

/** The last place at or before the time; -1: there is none. */
function placeAt(at: ArrayLike<number>, us: number): number {
  return firstWhere(at.length, (place) => (at[place] ?? 0) > us) - 1;
}

function commitAt({ at, commit }: MemberHistory, us: number): number {
  return commit[Math.max(0, placeAt(at, us))] ?? 0;
}

function segmentsOf({ at, role, term }: MemberHistory): Segments {
  const segments: Segments = { at: [], role: [], term: [] };
  at.forEach((us, note) => {
    if (segments.role.at(-1) === role[note] && segments.term.at(-1) === term[note]) return;
    segments.at.push(us);
    segments.role.push(role[note] ?? 0);
    segments.term.push(term[note] ?? 0);
  });
  return segments;
}

interface Segment {
  readonly role: RoleName;
  readonly term: number;
  readonly left: number;
  readonly right: number;
  readonly y: number;
}

function drawSegment(
  { context, paints }: Surface,
  frame: Frame,
  { role, term, left, right, y }: Segment,
): void {
  const { palette } = paints;
  const width = Math.max(1, right - left - (right - left > 3 ? 1 : 0));
  if (role === 'down') {
    context.strokeStyle = palette.down;
    context.lineWidth = 2;
    context.setLineDash([2, 3]);
    context.beginPath();
    context.moveTo(left, y + barPx / 2);
    context.lineTo(left + width, y + barPx / 2);
    context.stroke();
    context.setLineDash([]);
    context.lineWidth = 1;
  } else if (role === 'learner') {
    context.strokeStyle = palette.learner;
    context.strokeRect(left + 0.5, y + 0.5, Math.max(1, width - 1), barPx - 1);
  } else {
    const isCandidate = role === 'candidate' || role === 'pre-candidate';
    context.fillStyle = isCandidate
      ? paints.candidate
      : role === 'leader'
        ? palette.leader
        : palette.follower;
    context.fillRect(left, y, width, barPx);
  }
  const from = Math.max(left, frame.left);
  const room = Math.min(left + width, frame.right) - from - 8;
  if (room < textFromPx) return;
  const text = fitted(context, role === 'down' ? 'down' : `${role} · ${term}`, room);
  if (role === 'down' || role === 'candidate' || role === 'pre-candidate') {
    context.fillStyle = palette.panel;
    context.fillRect(from + 2, y + 1, context.measureText(text).width + 5, barPx - 2);
  }
  context.fillStyle =
    role === 'leader' ? palette['on-leader'] : role === 'follower' ? palette['on-follower'] : palette.ink;
  context.fillText(text, from + 4, y + barPx / 2 + 0.5);
}

/** Between the least and the most that any member had in view: who lags lies lower. */
function drawCommit(
  { context, paints: { palette } }: Surface,
  frame: Frame,
  member: MemberHistory,
  { low, high, y, endUs }: CommitRange & { readonly y: number; readonly endUs: number },
): void {
  const scale = (commitPx - 2) / Math.max(1, high - low);
  context.strokeStyle = palette.commit;
  context.lineWidth = 1.3;
  context.beginPath();
  const first = Math.max(frame.left, frame.xOf(member.at[0] ?? 0));
  const last = Math.min(frame.right, frame.xOf(endUs));
  let wasUp = false;
  for (let x = first; x <= last; x += commitStepPx) {
    const note = Math.max(0, placeAt(member.at, frame.usOf(x)));
    const height = y + commitPx - 1 - ((member.commit[note] ?? 0) - low) * scale;
    const isUp = roles[member.role[note] ?? 0] !== 'down';
    if (isUp && wasUp) context.lineTo(x, height);
    else if (isUp) context.moveTo(x, height);
    wasUp = isUp;
  }
  context.stroke();
  context.lineWidth = 1;
}
