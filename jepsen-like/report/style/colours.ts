/** The script reads these too: what is drawn on canvas has the colours of the page. */
export const colours = `
:root {
  color-scheme: light dark;
  --page: #fafaf8; --panel: #ffffff; --ink: #22262b; --muted: #646b75; --line: #e2e3e0; --soft: #f1f1ee;
  --accent: #2f5bd0; --accent-ink: #ffffff;
  --ok: #2e8b74; --ok-soft: #d5ebe4; --failed: #7d8590; --unknown: #c77700; --unknown-soft: #f6e3c4;
  --bad: #c23b32; --bad-soft: #fbe6e3;
  --leader: #3c5fc4; --candidate: #d9a514; --follower: #c9d3ea; --learner: #8a78c4; --down: #b0392f;
  --on-leader: #ffffff; --on-follower: #33415f; --on-ok: #ffffff;
  --fault: #d96b3b; --fault-shade: rgba(217, 107, 59, 0.1); --commit: #5b6472; --ring: #d1208a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #15171a; --panel: #1c1f23; --ink: #e4e6e9; --muted: #98a0ab; --line: #31363c; --soft: #24282d;
    --accent: #8fb0ff; --accent-ink: #10141c;
    --ok: #4fb698; --ok-soft: #1f3d36; --failed: #8d96a2; --unknown: #eaa542; --unknown-soft: #43331a;
    --bad: #f0776c; --bad-soft: #402422;
    --leader: #7f9ff5; --candidate: #e0b640; --follower: #3a4763; --learner: #a493e0; --down: #e0675c;
    --on-leader: #10141c; --on-follower: #d3dcf0; --on-ok: #0c1714;
    --fault: #ef8a5b; --fault-shade: rgba(239, 138, 91, 0.13); --commit: #aab2bd; --ring: #ff77c6;
  }
}
`;
