import { UsageError } from './options.js';

/** `http://host:port` or `https://host:port`, with nothing behind it. Throws UsageError that completes "--flag …". */
export function checkUrl(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new UsageError(`needs URLs such as http://127.0.0.1:2379, not ${JSON.stringify(text)}`);
  }
  if (!/^https?:$/.test(url.protocol) || url.hostname === '') {
    throw new UsageError(`needs URLs such as http://127.0.0.1:2379, not ${JSON.stringify(text)}`);
  }
  if (!/:\d+\/?$/.test(text))
    throw new UsageError(`needs a port in ${text}, such as ${url.protocol}//${url.hostname}:2379`);
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '') {
    throw new UsageError(`needs nothing behind the port in ${text}`);
  }
  return text.replace(/\/$/, '');
}

/** `a=http://…,b=http://…,b=http://…`: names with their peer URLs, in the order of the first mention. */
export function parseInitialCluster(
  text: string,
): readonly { readonly name: string; readonly peerUrls: readonly string[] }[] {
  const members = new Map<string, string[]>();
  for (const part of text.split(',').map((each) => each.trim())) {
    const equals = part.indexOf('=');
    if (equals <= 0) {
      throw new UsageError(`needs NAME=URL,NAME=URL,…; ${JSON.stringify(part)} has no name before "="`);
    }
    const name = part.slice(0, equals);
    members.set(name, [...(members.get(name) ?? []), checkUrl(part.slice(equals + 1))]);
  }
  return [...members].map(([name, peerUrls]) => ({ name, peerUrls }));
}
