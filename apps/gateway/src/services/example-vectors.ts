import { Clock, Log } from '@aisbf/platform';
import { isOneSpace } from '@aisbf/signals';
import { Injectable } from '@nestjs/common';
import { Embedder, NoAdvice } from './advisers.js';

export class ExampleSettings {
  constructor(
    /** Vectors that are kept; beyond it those that were used longest ago go. */
    readonly vectorsMax: number,
    /** How long one call with examples may take: nobody waits for it. */
    readonly msMax: number,
    /** After a failure nothing is asked for so long. */
    readonly retryMs: number,
  ) {}
}

type Vector = readonly number[];

/** As many as a small model reads in one call. */
const callMax = 32;

/**
 * Where examples lie among meanings. They are read behind the requests' backs, those of one autoselect at a time: the first
 * requests that need them go without.
 */
@Injectable()
export class ExampleVectors {
  private readonly known = new Map<string, Vector>();
  private isReading = false;
  private restUntilMs = 0;

  constructor(
    private readonly embedder: Embedder,
    private readonly settings: ExampleSettings,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** Throws NoAdvice where they are not all there yet. */
  of(texts: readonly string[]): ReadonlyMap<string, Vector> {
    const found = new Map<string, Vector>();
    for (const text of texts) {
      const vector = this.known.get(text);
      if (!vector) continue;
      // What was used last goes last.
      this.known.delete(text);
      this.known.set(text, vector);
      found.set(text, vector);
    }
    const missing = [...new Set(texts)].filter((text) => !found.has(text));
    if (missing.length === 0) return found;
    if (this.clock.nowMs() < this.restUntilMs) throw new NoAdvice('unavailable');
    if (!this.isReading) void this.read(missing);
    throw new NoAdvice('warming');
  }

  /** The model behind the address is another one: what was read before says nothing any more. */
  forget(): void {
    this.known.clear();
  }

  private async read(texts: readonly string[]): Promise<void> {
    this.isReading = true;
    try {
      for (let from = 0; from < texts.length; from += callMax) {
        const some = texts.slice(from, from + callMax);
        const vectors = await this.embedder.embed(some, this.settings.msMax);
        if (!isOneSpace(vectors)) throw new NoAdvice('unusable');
        for (const [at, text] of some.entries()) this.keep(text, vectors[at] ?? []);
      }
    } catch (error) {
      this.restUntilMs = this.clock.nowMs() + this.settings.retryMs;
      this.log.warn({ error, examples: texts.length }, 'examples of classes cannot be read');
    } finally {
      this.isReading = false;
    }
  }

  private keep(text: string, vector: Vector): void {
    this.known.set(text, vector);
    const [oldest] = this.known.keys();
    if (this.known.size > this.settings.vectorsMax && oldest !== undefined) {
      this.known.delete(oldest);
    }
  }
}
