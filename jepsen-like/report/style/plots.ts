export const plots = `
.bar-of-run { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: center; justify-content: space-between; margin-bottom: 8px; }
.bar-of-run h2 { margin: 0; }
.tools { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; }
#window { color: var(--muted); font-variant-numeric: tabular-nums; margin-right: 6px; font-size: 14px; }
#go { display: flex; gap: 6px; margin: 0; }
#plots { position: relative; background: var(--panel); border: 1px solid var(--line); border-radius: 10px; padding: 4px 0 8px; overflow: hidden; }
.plot h3 { padding: 10px 14px 4px; }
.plot canvas { display: block; width: 100%; touch-action: pan-y; cursor: grab; user-select: none; -webkit-user-select: none; }
.plot canvas.dragging { cursor: grabbing; }
.plot canvas:focus-visible { outline-offset: -2px; }
#overview { height: 46px; } #rate { height: 118px; } #latency { height: 190px; } #timeline { height: 300px; }
#crosshair { position: absolute; top: 0; bottom: 0; width: 1px; left: 0; background: var(--muted); opacity: 0.55; pointer-events: none; }
#ring { position: absolute; left: 0; top: 0; border: 2px solid var(--ink); border-radius: 4px; pointer-events: none; }
#tip {
  position: fixed; left: 0; top: 0; z-index: 3; max-width: min(420px, calc(100vw - 16px)); padding: 8px 11px; pointer-events: none;
  background: var(--panel); border: 1px solid var(--line); border-radius: 8px; box-shadow: 0 4px 18px rgba(0, 0, 0, 0.18);
  font-size: 13px; line-height: 1.45; overflow-wrap: anywhere;
}
#tip .strong, #details .strong { font-weight: 650; }
#tip .text, #details .text { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; }
#tip .plain, #details .plain { color: var(--muted); }
#tip div, #details div { white-space: pre-line; }
#details { min-height: 0; margin-top: 8px; font-size: 14px; overflow-wrap: anywhere; }
#details:not(:empty) { padding: 10px 14px; background: var(--panel); border: 1px solid var(--line); border-radius: 8px; }
#hint { color: var(--muted); font-size: 13px; margin: 6px 2px; }
#strip {
  display: flex; flex-wrap: wrap; gap: 8px; align-items: center; padding: 7px 12px; margin-bottom: 8px; border-radius: 8px;
  background: var(--bad-soft); position: sticky; top: 0; z-index: 2; box-shadow: 0 1px 0 var(--line);
}
.plot { position: relative; } #anchor { position: absolute; left: 0; width: 1px; height: 1px; }
#strip-text { flex: 1; min-width: 200px; overflow-wrap: anywhere; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 10px 2px; color: var(--muted); font-size: 13px; }
.legend li { display: flex; align-items: center; gap: 7px; }
.sample { width: 30px; height: 14px; flex: none; }
.sample .ok { fill: var(--ok); } .sample .failed { fill: none; stroke: var(--failed); } .sample .unknown { fill: var(--unknown-soft); stroke: var(--unknown); }
.sample .failed-sign { stroke: var(--failed); fill: none; stroke-width: 1.4; } .sample .unknown-sign { stroke: var(--unknown); fill: none; stroke-width: 1.4; }
.sample .leader { fill: var(--leader); } .sample .candidate { fill: var(--candidate); } .sample .candidate-sign { stroke: var(--panel); fill: none; }
.sample .follower { fill: var(--follower); } .sample .learner { fill: none; stroke: var(--learner); stroke-width: 1.5; }
.sample .down { stroke: var(--down); stroke-width: 2; stroke-dasharray: 2 3; fill: none; }
.sample .commit { stroke: var(--commit); fill: none; stroke-width: 1.5; } .sample .fault { fill: var(--fault-shade); stroke: var(--fault); }
.keys { color: var(--muted); font-size: 13px; margin: 0 2px; } .keys summary { cursor: pointer; }
#keys { display: flex; flex-wrap: wrap; gap: 4px 18px; margin-top: 6px; }
kbd { font: inherit; font-size: 12px; border: 1px solid var(--line); border-bottom-width: 2px; border-radius: 4px; padding: 0 5px; background: var(--panel); color: var(--ink); }
@media (max-width: 640px) { #plots { margin: 0 -14px; border-left: 0; border-right: 0; border-radius: 0; } }
@media print { #hint, .tools, .keys, button { display: none !important; } }
`;
