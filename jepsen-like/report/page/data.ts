import { element } from './browser.js';
import type { PackedRun } from './packed.js';

/** A text of which the page has the base64 of its gzip. */
export async function readPacked(id: string): Promise<string> {
  const binary = atob(element(id).textContent ?? '');
  const bytes = new Uint8Array(binary.length);
  for (let place = 0; place < bytes.length; place++) bytes[place] = binary.charCodeAt(place);
  const text = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Response(text).text();
}

export async function readData(): Promise<PackedRun> {
  const packed: unknown = JSON.parse(await readPacked('data'));
  if (!isPackedRun(packed)) throw new Error('its data are of another version');
  return packed;
}

function isPackedRun(data: unknown): data is PackedRun {
  return typeof data === 'object' && data !== null && 'format' in data && data.format === 'quorate-report-1';
}
