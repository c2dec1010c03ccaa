import type { Catalogue } from './catalogue.js';
import type { Scope } from './offer.js';
import { isWithin, type Span } from './schedule.js';

/** Something that is made of a catalogue, and for how long its terms stay as they are. */
type Made = Readonly<{ during: Span }>;
/** `feeBpsDefault` is what its fees were made with. */
type Kept<Value> = Readonly<{ value: Value; feeBpsDefault: number }>;

/**
 * What was made of catalogues so far, by a key: most requests ask for what others have asked for. A catalogue never
 * changes, and goes with all that was made of it.
 */
export class KeptTerms<Value extends Made> {
  private readonly byCatalogue = new WeakMap<Catalogue, Map<string, Kept<Value>>>();

  /** Beyond so many of one catalogue the one goes that was made first. */
  constructor(private readonly keptMax: number) {}

  /** What is kept, as long as it holds; else what is made. */
  of(key: string, scope: Omit<Scope, 'buyer'>, make: () => Value): Value {
    const { catalogue, feeBpsDefault, nowMs, isBatch } = scope;
    const kept = this.byCatalogue.get(catalogue) ?? new Map<string, Kept<Value>>();
    if (kept.size === 0) this.byCatalogue.set(catalogue, kept);
    // Beside each other, as requests of both kinds come at the same time.
    const name = isBatch ? `${key} batch` : key;
    const known = kept.get(name);
    if (known?.feeBpsDefault === feeBpsDefault && isWithin(known.value.during, nowMs)) {
      return known.value;
    }
    const value = make();
    kept.delete(name);
    kept.set(name, { value, feeBpsDefault });
    const [oldest] = kept.keys();
    if (kept.size > this.keptMax && oldest !== undefined) kept.delete(oldest);
    return value;
  }
}
