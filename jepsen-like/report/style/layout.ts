export const layout = `
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', sans-serif;
}
header, main { max-width: 1240px; margin: 0 auto; padding: 0 24px; }
header { display: flex; gap: 18px; align-items: flex-start; padding-top: 36px; padding-bottom: 8px; }
header > .mark { width: 46px; height: 46px; flex: none; margin-top: 3px; }
h1 { font-size: 25px; line-height: 1.25; font-weight: 650; margin: 0; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { font-size: 18px; font-weight: 650; margin: 0 0 12px; }
h3 { font-size: 14px; font-weight: 600; margin: 0; }
section { margin: 28px 0; }
p { margin: 6px 0; }
.sentence { font-size: 17px; margin: 2px 0 6px; }
header.violated .sentence { color: var(--bad); }
.facts, .note, .caption { color: var(--muted); }
.facts span { white-space: nowrap; }
.facts span:first-child { white-space: normal; overflow-wrap: anywhere; }
small { font-weight: 400; font-size: 13px; color: var(--muted); margin-left: 6px; }
code, pre, .mono, .id { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; }
code { font-size: 13px; overflow-wrap: anywhere; }
button, input {
  font: inherit; font-size: 14px; color: var(--ink); background: var(--panel);
  border: 1px solid var(--line); border-radius: 6px; padding: 4px 10px; min-height: 32px;
}
button { cursor: pointer; }
button:hover { border-color: var(--accent); color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
button.id { font-size: 13px; padding: 0 7px; min-height: 24px; line-height: 1.5; background: var(--soft); }
button.show { background: var(--accent); border-color: var(--accent); color: var(--accent-ink); padding: 4px 14px; }
button.show:hover { color: var(--accent-ink); filter: brightness(1.08); }
.copied { display: flex; gap: 10px; align-items: flex-start; margin: 8px 0; }
pre {
  flex: 1; min-width: 0; margin: 0; padding: 9px 12px; overflow: auto; font-size: 13px; line-height: 1.5;
  background: var(--panel); border: 1px solid var(--line); border-radius: 8px;
}
.plan pre { max-height: 420px; }
#again h3 { margin-top: 16px; }
footer { color: var(--muted); }
[hidden] { display: none !important; }
@media (max-width: 640px) {
  header, main { padding-left: 14px; padding-right: 14px; }
  header { padding-top: 20px; gap: 12px; }
  header > .mark { width: 34px; height: 34px; }
  h1 { font-size: 20px; }
  .sentence { font-size: 16px; }
  button, input { min-height: 38px; }
  button.id { min-height: 30px; padding: 2px 9px; }
  .copied { flex-direction: column; align-items: stretch; }
}
`;
