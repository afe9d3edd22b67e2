import { browser, element, make } from './browser.js';
import type { PageElement } from './browser.js';

const saidMs = 1500;

/** A button with `data-copy` copies the text of the element of that name, and says so. */
export function listenToCopies(): void {
  for (const button of browser.document.querySelectorAll('[data-copy]')) {
    button.addEventListener('click', () => {
      const text = element(button.dataset['copy'] ?? '').textContent ?? '';
      const { clipboard } = browser.navigator;
      // A page from a file may have no clipboard, or be refused it.
      if (clipboard === undefined) say(button, copyBySelection(text));
      else
        clipboard.writeText(text).then(
          () => say(button, true),
          () => say(button, copyBySelection(text)),
        );
    });
  }
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
