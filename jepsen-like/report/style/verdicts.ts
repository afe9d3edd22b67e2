export const verdicts = `
.mark { width: 20px; height: 20px; flex: none; }
.mark circle { fill: currentColor; }
.mark path { fill: none; stroke: var(--panel); stroke-width: 2.1; stroke-linecap: round; stroke-linejoin: round; }
.mark.ok { color: var(--ok); } .mark.violated { color: var(--bad); } .mark.unknown { color: var(--unknown); }
.mark.skipped { color: var(--muted); opacity: 0.75; }
ul.verdicts, .evidence, .states, .legend, #keys, .edges { list-style: none; margin: 0; padding: 0; }
ul.verdicts {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(270px, 1fr)); gap: 1px;
  background: var(--panel); border: 1px solid var(--line); border-radius: 10px; overflow: hidden;
}
.verdict { display: flex; flex-wrap: wrap; gap: 2px 9px; align-items: center; padding: 10px 14px; background: var(--panel); box-shadow: 0 0 0 1px var(--line); }
.verdict .name { font-weight: 600; overflow-wrap: anywhere; }
.verdict .word { color: var(--muted); }
.verdict.violated { background: var(--bad-soft); } .verdict.violated .word { color: var(--bad); font-weight: 600; }
.verdict.unknown .word { color: var(--unknown); font-weight: 600; }
.verdict .detail { color: var(--muted); flex-basis: 100%; padding-left: 29px; font-size: 14px; overflow-wrap: anywhere; }
.verdict.violated .detail { color: var(--ink); }
.anomaly {
  margin-top: 16px; background: var(--panel); border: 1px solid var(--line); border-left: 4px solid var(--bad);
  border-radius: 10px; padding: 0 18px;
}
.anomaly[open] { padding-bottom: 16px; }
.anomaly summary { cursor: pointer; padding: 12px 0; display: flex; flex-wrap: wrap; gap: 4px 10px; align-items: baseline; list-style: none; }
.anomaly summary::-webkit-details-marker { display: none; }
.anomaly summary::after { content: '▸'; margin-left: auto; color: var(--muted); }
.anomaly[open] summary::after { content: '▾'; }
.anomaly .number {
  min-width: 24px; height: 24px; line-height: 24px; text-align: center; border-radius: 12px; padding: 0 6px;
  background: var(--bad); color: var(--panel); font-size: 13px; font-weight: 650; align-self: center;
}
.anomaly .title { font-size: 17px; font-weight: 650; overflow-wrap: anywhere; }
.anomaly .by { color: var(--muted); }
.explanation { max-width: 92ch; white-space: pre-wrap; overflow-wrap: anywhere; margin-top: 0; }
figure { margin: 18px 0 8px; }
.evidence li { padding: 3px 0; }
@media (max-width: 640px) { .anomaly { padding-left: 12px; padding-right: 12px; } }
`;
