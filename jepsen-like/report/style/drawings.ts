export const drawings = `
.drawing { display: block; max-width: 100%; height: auto; }
.drawing.narrow { display: none; }
@media (max-width: 800px) { .drawing.wide { display: none; } .drawing.narrow { display: block; } }
.drawing text { font-size: 13px; fill: var(--ink); font-family: inherit; }
.drawing text.mono { font-size: 12px; font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; white-space: pre; }

.cycle { display: grid; grid-template-columns: 320px 1fr; gap: 8px 28px; align-items: center; }
.cycle .members { grid-column: 1 / -1; }
.edges { counter-reset: edge; }
.edges li { padding: 7px 0 7px 34px; position: relative; counter-increment: edge; }
.edges li::before {
  content: counter(edge); position: absolute; left: 0; top: 8px; width: 22px; height: 22px; line-height: 20px;
  text-align: center; font-size: 12px; border: 1px solid var(--muted); border-radius: 11px; color: var(--muted);
}
.edge { margin: 0; display: flex; flex-wrap: wrap; gap: 6px; align-items: center; }
.kind { font-weight: 650; } .meaning { color: var(--muted); }
.why { margin: 3px 0 0; overflow-wrap: anywhere; }
.members { display: grid; grid-template-columns: max-content 1fr; gap: 6px 12px; margin: 6px 0 0; align-items: baseline; }
.members dd { margin: 0; }
.node circle { fill: var(--panel); stroke: var(--ink); stroke-width: 1.6; }
.node text { font-weight: 650; font-size: 14px; }
.arrow path { fill: none; stroke: var(--muted); stroke-width: 1.8; }
.arrow polygon { fill: var(--muted); }
.arrow rect { fill: var(--panel); stroke: var(--line); }
.arrow text { font-size: 12px; }
.arrow.rw path { stroke: var(--bad); stroke-dasharray: 5 4; } .arrow.rw polygon { fill: var(--bad); }
.arrow.rw text { fill: var(--bad); font-weight: 650; }
@media (max-width: 800px) { .cycle { grid-template-columns: minmax(0, 1fr); } .cycle > svg { margin: 0 auto; } }

.bar rect { fill: var(--ok-soft); stroke: var(--ok); }
.bar.unknown rect { fill: var(--unknown-soft); stroke: var(--unknown); stroke-dasharray: 4 3; }
.bar.unknown path { fill: none; stroke: var(--unknown); stroke-width: 2; }
.bar.stuck rect { fill: var(--bad-soft); stroke: var(--bad); stroke-width: 1.6; }
.bar .cross { fill: var(--bad); font-weight: 650; }
.order { fill: none; stroke: var(--accent); stroke-width: 1.5; opacity: 0.75; }
.point circle { fill: var(--accent); } .point text { fill: var(--accent-ink); font-size: 11px; font-weight: 650; }
.states { margin-top: 6px; }
.states li { padding: 5px 0; border-top: 1px solid var(--line); display: flex; flex-wrap: wrap; gap: 2px 14px; }
.state { font-weight: 650; }
.excludes { color: var(--bad); overflow-wrap: anywhere; }

.heading { fill: var(--muted) !important; }
.cell rect { fill: var(--soft); stroke: var(--line); }
.cell.parting rect { fill: var(--bad-soft); stroke: var(--bad); stroke-width: 1.6; }
.cell.absent rect { fill: none; stroke-dasharray: 5 4; }
.cell.absent text { fill: var(--muted); font-style: italic; }
.cell.absent.parting text { fill: var(--bad); }
.sign { fill: var(--muted) !important; } .sign.parting { fill: var(--bad) !important; font-weight: 700; font-size: 17px !important; }
`;
