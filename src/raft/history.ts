import { assert, at } from '../base/index.js';
import { changeConfiguration } from './confchange.js';
import { decodeConfigurationChange } from './confcodec.js';
import type { Configuration, Entry, Index, SnapshotMeta } from './types.js';

/** From `index` on, this configuration is in force, until the next one. */
export interface ConfigurationAt {
  readonly index: Index;
  readonly configuration: Configuration;
}

/**
 * Every configuration that is in force somewhere in the log. The latest one in the log counts, committed or not
 * (dissertation §4.1); when its entry is truncated the one before counts again.
 */
export class ConfigurationHistory {
  /** The first one is that of the snapshot, and there always is one. */
  readonly #items: ConfigurationAt[];

  constructor(snapshot: SnapshotMeta) {
    this.#items = [{ index: snapshot.index, configuration: snapshot.configuration }];
  }

  get latest(): Configuration {
    return at(this.#items, this.#items.length - 1).configuration;
  }

  /** Where the latest one came into the log: at or below the snapshot's index if no entry since changed it. */
  get latestIndex(): Index {
    return at(this.#items, this.#items.length - 1).index;
  }

  at(index: Index): Configuration {
    for (let position = this.#items.length - 1; position > 0; position--) {
      const item = at(this.#items, position);
      if (item.index <= index) return item.configuration;
    }
    return at(this.#items, 0).configuration;
  }

  /** What the configuration entries among these would put in force, or null where one of them makes no sense. */
  plan(entries: readonly Entry[]): readonly ConfigurationAt[] | null {
    const first = entries[0];
    if (first === undefined) return [];
    let current: Configuration | null = null;
    const planned: ConfigurationAt[] = [];
    for (const entry of entries) {
      if (entry.kind === 'normal') continue;
      const change = decodeConfigurationChange(entry.data);
      if (change === null) return null;
      const result = changeConfiguration(current ?? this.at(first.index - 1), change);
      if (result.type === 'refused') return null;
      current = result.configuration;
      planned.push({ index: entry.index, configuration: current });
    }
    return planned;
  }

  append(planned: readonly ConfigurationAt[]): void {
    for (const item of planned) {
      assert(item.index > this.latestIndex, 'configurations enter the log in order');
      this.#items.push(item);
    }
  }

  truncateFrom(index: Index): void {
    while (this.#items.length > 1 && this.latestIndex >= index) this.#items.pop();
  }

  compactTo(index: Index): void {
    let outdated = 0;
    for (let next = 1; next < this.#items.length && at(this.#items, next).index <= index; next++)
      outdated = next;
    this.#items.splice(0, outdated);
  }

  restore(snapshot: SnapshotMeta): void {
    this.#items.splice(0, this.#items.length, {
      index: snapshot.index,
      configuration: snapshot.configuration,
    });
  }
}
