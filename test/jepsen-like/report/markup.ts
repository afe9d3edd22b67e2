/** What a page of HTML is made of, as far as tests ask: its elements in order, each with its attributes and its text. */
export interface Found {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  /** Of the element itself, entities resolved; of those within it only for raw text. */
  text: string;
  /** Names of the elements around it. */
  readonly within: readonly string[];
}

const voids = new Set(['meta', 'input', 'br', 'hr', 'img', 'link']);
const rawTexts = new Set(['script', 'style']);
const attributePattern = /\s*([a-zA-Z][\w-]*)(?:="([^"]*)")?/y;

/**
 * Reads markup as strictly as XML: every element closed in its turn, attributes in double quotes, no stray bracket or bare ampersand.
 * Throws where it finds anything else.
 */
export function readMarkup(markup: string): readonly Found[] {
  const found: Found[] = [];
  const open: Found[] = [];
  let at = 0;
  const fail = (what: string): never => {
    throw new Error(`${what} at ${at}: ${markup.slice(Math.max(0, at - 60), at + 60)}`);
  };
  if (!/^<!doctype html>/i.test(markup)) fail('no doctype');
  at = markup.indexOf('>') + 1;
  while (at < markup.length) {
    const next = markup.indexOf('<', at);
    const text = markup.slice(at, next < 0 ? undefined : next);
    if (text.includes('>')) fail('a stray >');
    const top = open.at(-1);
    if (top !== undefined) top.text += resolve(text);
    else if (text.trim() !== '') fail('text outside of the page');
    if (next < 0) break;
    at = next;
    if (markup.startsWith('</', at)) close();
    else begin();
  }
  if (open.length > 0) fail(`${open.map(({ name }) => name).join(' ')} never end`);
  return found;

  function close(): void {
    const [whole = '', name = ''] = /^<\/([a-zA-Z][\w-]*)\s*>/.exec(markup.slice(at, at + 40)) ?? [];
    if (name === '' || open.pop()?.name !== name) fail('an end without its beginning');
    at += whole.length;
  }

  function begin(): void {
    const [whole = '', name = ''] = /^<([a-zA-Z][\w-]*)/.exec(markup.slice(at, at + 40)) ?? [];
    if (name === '') fail('a stray <');
    at += whole.length;
    const attributes = new Map<string, string>();
    for (attributePattern.lastIndex = at; ;) {
      const match = attributePattern.exec(markup);
      if (match === null) break;
      const [part, key = '', value = ''] = match;
      if (attributes.has(key)) fail(`${key} twice`);
      attributes.set(key, resolve(value));
      at += part.length;
    }
    const [ending = ''] = /^\s*\/?>/.exec(markup.slice(at, at + 200)) ?? [];
    if (ending === '') fail(`what stands in <${name}>`);
    at += ending.length;
    const element: Found = { name, attributes, text: '', within: open.map((each) => each.name) };
    found.push(element);
    if (ending.endsWith('/>') || voids.has(name)) return;
    if (rawTexts.has(name)) {
      const end = markup.indexOf(`</${name}`, at);
      element.text = markup.slice(at, end);
      at = end;
    }
    open.push(element);
  }
}

function resolve(text: string): string {
  const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
  return text.replace(/&([^;]{0,8};)?/g, (all, name: string | undefined) => {
    const known = entities[name?.slice(0, -1) ?? ''];
    if (known === undefined) throw new Error(`a bare ampersand: ${all}`);
    return known;
  });
}
