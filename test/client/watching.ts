import type { ChangeEvent, Watch, WatchBatch } from '../../src/client/index.js';

/** The next so many events of a watch, which goes on; fewer at its end. */
export async function take<Event>(watch: Watch<Event>, count: number): Promise<Event[]> {
  return takeFrom(watch, count);
}

export async function takeBatches<Event>(watch: Watch<Event>, count: number): Promise<WatchBatch<Event>[]> {
  return takeFrom(watch.batches(), count);
}

/** Without leaving a loop, which would end the watch. */
async function takeFrom<Item>(items: AsyncIterable<Item>, count: number): Promise<Item[]> {
  const taken: Item[] = [];
  const iterator = items[Symbol.asyncIterator]();
  while (taken.length < count) {
    const result = await iterator.next();
    if (result.done === true) break;
    taken.push(result.value);
  }
  return taken;
}

export function brief(event: ChangeEvent): string {
  return event.type === 'put' ? `${event.keyText}=${event.entry.text}` : `${event.keyText} gone`;
}
