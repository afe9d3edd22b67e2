/** Of the page; follows the reader's choice of light or dark. */
export const style = `
:root { --ink: #1c2024; --soft: #667079; --paper: #fff; --rule: #dfe3e6; --ours: #b3470c; --etcd: #2f6f9f;
  --good: #1c7a3c; --bad: #b3200c; color-scheme: light dark; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e7ea; --soft: #98a2ab; --paper: #15181b; --rule: #333a40; --ours: #f2935c; --etcd: #74b3e0;
    --good: #5cc781; --bad: #f2836f; }
}
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2rem auto;
  max-width: 1000px; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; } h3 { font-size: 1rem; }
table { border-collapse: collapse; font-size: 0.87rem; width: 100%; }
th { text-align: left; color: var(--soft); font-weight: 500; }
th, td { padding: 0.2rem 0.5rem; border-bottom: 1px solid var(--rule); vertical-align: top; }
td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.pass { color: var(--good); } td.short { color: var(--bad); font-weight: 600; }
small { color: var(--soft); }
.notes { color: var(--bad); }
.plots { display: flex; flex-wrap: wrap; gap: 1rem; }
figure { margin: 0 0 1rem; } figcaption { font-weight: 500; }
svg { max-width: 100%; height: auto; }
.grid { stroke: var(--rule); } .tick, .axis { fill: var(--soft); font-size: 11px; }
.line path { fill: none; stroke-width: 1.8; }
.line.baseline path { stroke: var(--etcd); } .line.ours path { stroke: var(--ours); }
.line.baseline circle { fill: var(--etcd); } .line.ours circle { fill: var(--ours); }
.line.worst path { stroke: var(--rule); stroke-width: 1.2; } .line.p99 path { stroke: var(--etcd); }
.line.p50 path { stroke: var(--ours); }
.legend { font-size: 0.85rem; } .key { margin-right: 1rem; }
.key::before { content: ""; display: inline-block; width: 1.2em; height: 3px; margin-right: 0.4em; vertical-align: middle;
  background: currentColor; }
.key.baseline, .key.p99 { color: var(--etcd); } .key.ours, .key.p50 { color: var(--ours); }
.key.worst { color: var(--soft); }
.mark line { stroke-width: 1; } .mark.event line { stroke: var(--rule); stroke-dasharray: 2 3; }
.mark.stall line { stroke: var(--bad); } .mark.disk line, .mark.machine line { stroke: var(--soft); }
.strip { vertical-align: middle; } .strip circle { fill: var(--soft); } .strip rect { fill: var(--ours); }
.strip .goal { stroke: var(--good); stroke-width: 1.5; }
`;
