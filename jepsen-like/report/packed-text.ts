import { gzipSync } from 'node:zlib';
import { html, trusted } from './html.js';
import type { Html } from './html.js';

/** Text that the page takes out when it needs it. gzip's header holds no time here; base64 holds nothing that HTML knows. */
export function packedText(id: string, text: string): Html {
  const packed = gzipSync(text, { level: 6 }).toString('base64');
  return html`${trusted(`<script type="text/plain" id="${id}" data-packed>`)}${packed}${trusted('</script>')}`;
}
