import { colours } from './colours.js';
import { drawings } from './drawings.js';
import { layout } from './layout.js';
import { plots } from './plots.js';
import { verdicts } from './verdicts.js';

/** All of the page's style, in light and dark. */
export const pageStyle = colours + layout + verdicts + drawings + plots;
