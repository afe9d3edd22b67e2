import { browser, element, make } from './browser.js';
import type { PageElement } from './browser.js';
import { readPacked } from './data.js';

const saidMs = 1500;

/** A button with `data-copy` copies the text of the element of that name, packed or not, and says so. */
export function listenToCopies(): void {
  for (const button of browser.document.querySelectorAll('[data-copy]')) {
    button.addEventListener('click', () => {
      copy(button.dataset['copy'] ?? '').then(
        (isCopied) => say(button, isCopied),
        () => say(button, false),
      );
    });
  }
}

async function copy(id: string): Promise<boolean> {
  const from = element(id);
  const text = from.dataset['packed'] === undefined ? (from.textContent ?? '') : await readPacked(id);
  const { clipboard } = browser.navigator;
  // A page from a file may have no clipboard, or be refused it.
  if (clipboard === undefined) return copyBySelection(text);
  return clipboard.writeText(text).then(
    () => true,
    () => copyBySelection(text),
  );
}

function copyBySelection(text: string): boolean {
  const field = make('textarea', '', '');
  field.value = text;
  browser.document.body.append(field);
  field.select();
  const isCopied = browser.document.execCommand('copy');
  field.remove();
  return isCopied;
}

function say(button: PageElement, isCopied: boolean): void {
  button.textContent = isCopied ? 'Copied' : 'Not allowed';
  setTimeout(() => (button.textContent = 'Copy'), saidMs);
}
