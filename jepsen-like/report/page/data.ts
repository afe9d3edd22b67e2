import { element } from './browser.js';
import type { PackedRun } from './packed.js';

/** The run, from the base64 of its gzip in the page. */
export async function readData(): Promise<PackedRun> {
  const binary = atob(element('data').textContent ?? '');
  const bytes = Uint8Array.from({ length: binary.length }, (_, place) => binary.charCodeAt(place));
  const json = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  const packed: unknown = JSON.parse(await new Response(json).text());
  if (!isPackedRun(packed)) throw new Error('its data are of another version');
  return packed;
}

function isPackedRun(data: unknown): data is PackedRun {
  return typeof data === 'object' && data !== null && 'format' in data && data.format === 'quorate-report-1';
}
