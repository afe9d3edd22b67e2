import { createPage } from './page.js';
import { browser, element } from './browser.js';
import { listenToCopies } from './copy.js';
import { readData } from './data.js';
import { unpack } from './run.js';

const { dataset } = browser.document.documentElement;

listenToCopies();
readData().then(
  (packed) => {
    createPage(unpack(packed));
    dataset['state'] = 'ready';
  },
  (error: unknown) => {
    dataset['state'] = 'failed';
    element('hint').textContent =
      `The plots cannot be drawn: ${String(error)}. A browser from 2023 or later is needed.`;
  },
);
