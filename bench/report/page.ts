import { changesSince } from './compare.js';
import { escapeText } from './plot.js';
import { latencyPlots, throughputPlots, timelinePlots } from './plots.js';
import type { FigureResult, Results, TimelineResult, WorkResult } from './results.js';
import { style } from './style.js';
import { drawStrip } from './strip.js';
import { goalText, markOf, numberText, ratioText, verdictOn } from './verdict.js';

/** A page that needs nothing but itself: no script, no network. */
export function renderPage(results: Results, earlier: Results | null): string {
  const { works } = results;
  const sections = [
    section(
      'Goals',
      tableOf(works, (figure) => figure.goal !== null),
    ),
    section('Throughput over connections', `<div class="plots">${throughputPlots(works)}</div>`),
    section('Over time', timelinePlots(results) + results.timelines.map(stallTable).join('')),
    section('Latency', `<div class="plots">${latencyPlots(works)}</div>`),
    section(
      'Also measured',
      tableOf(works, (figure) => figure.goal === null),
    ),
    earlier === null ? '' : section(`Compared with ${earlier.at}`, changeTable(earlier, results)),
    section('Machine and settings', machineTable(results)),
  ];
  const notes = [...results.notes, ...results.failures.map((text) => `Failed: ${text}`)].map(
    (note) => `<li>${escapeText(note)}</li>`,
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Quorate against etcd, ${escapeText(results.at)}</title>
<style>${style}</style>
<h1>Quorate against etcd</h1>
<p>${escapeText(introOf(results))}</p>
${notes.length === 0 ? '' : `<ul class="notes">${notes.join('')}</ul>`}
${sections.join('\n')}
</html>
`;
}

function introOf({ at, machine, works }: Results): string {
  const verdicts = works.flatMap(({ figures }) => figures.map((figure) => verdictOn(figure).passes));
  const judged = verdicts.filter((passes) => passes !== null);
  const met = judged.filter((passes) => passes).length;
  return (
    `${at}, ${machine.processors} × ${machine.model}, ${machine.memoryGiB} GiB, Node.js ${machine.node}, ` +
    `${machine.etcd ?? 'without etcd'}. Three members each, on one machine, under the same load, in turn. ` +
    `${met} of ${judged.length} goals are met.`
  );
}

function section(title: string, content: string): string {
  const isEmpty = content === '' || content === '<div class="plots"></div>';
  return isEmpty ? '' : `<section><h2>${escapeText(title)}</h2>${content}</section>`;
}

function tableOf(works: readonly WorkResult[], isWanted: (figure: FigureResult) => boolean): string {
  const rows = works.flatMap((work) =>
    work.figures
      .filter((figure) => isWanted(figure) && figure.samples.ours.length + figure.samples.baseline.length > 0)
      .map((figure) => rowOf(work, figure)),
  );
  if (rows.length === 0) return '';
  const head = ['work', 'figure', 'etcd', 'ours', 'ratio', 'rounds', 'goal', ''];
  return `<table><tr>${head.map((text) => `<th>${text}</th>`).join('')}</tr>${rows.join('')}</table>`;
}

function rowOf(work: WorkResult, figure: FigureResult): string {
  const { baseline, ours, ratio, passes } = verdictOn(figure);
  const against = work.baseline === 'etcd' ? '' : ` <small>against ${escapeText(work.baseline)}</small>`;
  const mark = passes === null ? '' : passes ? 'pass' : 'short';
  const cells = [
    `<td>${escapeText(work.name)}${against}</td><td>${escapeText(figure.name)}</td>`,
    `<td class="n">${numberText(baseline)}</td><td class="n">${numberText(ours)}</td>`,
    `<td class="n">${ratioText(ratio)}</td><td>${drawStrip(figure)}</td>`,
    `<td class="n">${goalText(figure.goal)}</td><td class="${mark}">${markOf(passes)}</td>`,
  ];
  return `<tr>${cells.join('')}</tr>`;
}

function stallTable({ title, stalls }: TimelineResult): string {
  if (stalls.length === 0) return `<p>${escapeText(title)}: no stall.</p>`;
  const rows = stalls.map(
    ({ atMs, tookMs, requests, cause }) =>
      `<tr><td class="n">${(atMs / 1000).toFixed(1)} s</td><td class="n">${Math.round(tookMs)} ms</td>` +
      `<td class="n">${requests}</td><td>${cause}</td></tr>`,
  );
  const head = '<tr><th>at</th><th>took</th><th>requests held up</th><th>cause</th></tr>';
  return `<h3>Stalls: ${escapeText(title)}</h3><table>${head}${rows.join('')}</table>`;
}

function changeTable(earlier: Results, now: Results): string {
  const rows = changesSince(earlier, now).map(
    ({ work, figure, before, after, factor, goal, passesNow }) =>
      `<tr><td>${escapeText(work)}</td><td>${escapeText(figure)}</td><td class="n">${ratioText(before)}</td>` +
      `<td class="n">${ratioText(after)}</td><td class="n">${ratioText(factor)}</td>` +
      `<td class="n">${goalText(goal)}</td><td>${markOf(passesNow)}</td></tr>`,
  );
  if (rows.length === 0) return '';
  const head = ['work', 'figure', 'ratio then', 'ratio now', 'now/then', 'goal', ''];
  return `<table><tr>${head.map((text) => `<th>${text}</th>`).join('')}</tr>${rows.join('')}</table>`;
}

function machineTable({ machine, settings }: Results): string {
  const rows = [...Object.entries(machine), ...Object.entries(settings)].map(
    ([name, value]) => `<tr><td>${escapeText(name)}</td><td>${escapeText(String(value))}</td></tr>`,
  );
  return `<table>${rows.join('')}</table>`;
}
