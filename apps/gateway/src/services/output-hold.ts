import { setTimeout as delay } from 'node:timers/promises';
import type { Extended } from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import { countTextTokens } from '@aisbf/metering';
import type { Delivery } from '../domain/delivery.js';

/** How holds grow. Also the DI token. */
export class OutputHoldSettings {
  constructor(
    /** How many output tokens more are asked for at a time. */
    readonly stepTokens: number,
    /** With so many left more is asked for: they are sent while the answer is on its way. */
    readonly marginTokens: number,
    /** First pause after accounts did not answer; each further one is twice as long. */
    readonly retryMs: number,
  ) {}
}

/** Why a stream had to end before its upstream did. Told to the buyer: add, never rename. */
export type Notice =
  | 'balance_exhausted'
  | 'budget_exhausted'
  | 'max_cost_reached'
  | 'max_tokens_reached'
  | 'hold_not_extended';

/** The least that is worth asking for when there was not enough for a step. */
const stepTokensMin = 16;
const failuresMax = 5;

export type OutputHoldParts = Readonly<{
  /** How many output tokens are paid for; null where they cost nothing. */
  held: number | null;
  /** What the buyer itself has limited the output to, and the notice that tells of it. */
  limit: Readonly<{ tokens: number; notice: Notice }> | undefined;
  /** Nothing is asked for before it is needed: the buyer wants no more than is held. */
  isEnough: boolean;
  settings: OutputHoldSettings;
  /** Asks for so many output tokens in all. */
  ask: (tokens: number) => Promise<Extended['result']>;
}>;

/**
 * The money under one stream. It grows while the stream runs, ahead of it, so that the stream waits only where the
 * money is really used up; and where there is no more, nothing more is sent.
 */
export class OutputHold {
  private held: number | null;
  private stepTokens: number;
  private asking: Promise<void> | undefined;
  private refusal: Notice | undefined;
  private failures = 0;
  private bug: Readonly<{ error: unknown }> | undefined;

  constructor(private readonly parts: OutputHoldParts) {
    this.held = parts.held;
    this.stepTokens = parts.settings.stepTokens;
  }

  /** How many output tokens are paid for at the moment. */
  get tokens(): number | null {
    return this.held;
  }

  /** Whether this may be sent after all that was sent. Counts exactly only near the end of the money. */
  covers(delivery: Delivery, text: string): boolean {
    if (this.bug) throw this.bug.error;
    if (this.held === null) return true;
    const margin = this.parts.isEnough ? 0 : this.margin(this.held);
    if (delivery.sentAtMost + Buffer.byteLength(text) + margin <= this.held) return true;
    const needed = this.neededFor(delivery, text);
    if (needed + margin > this.held) this.begin(needed);
    return needed <= this.held;
  }

  /** Waits until this is paid for; gives the reason where it never will be. */
  async provide(delivery: Delivery, text: string): Promise<Notice | undefined> {
    const needed = this.neededFor(delivery, text);
    while (this.held !== null && this.held < needed) {
      this.begin(needed);
      if (!this.asking) return this.refusal;
      await this.asking;
      if (this.bug) throw this.bug.error;
    }
    return undefined;
  }

  private neededFor(delivery: Delivery, text: string): number {
    return delivery.sent + countTextTokens(text, delivery.tokenizer);
  }

  /** A small hold has a small margin: it must not be asked for twice before the first word. */
  private margin(held: number): number {
    return Math.min(this.parts.settings.marginTokens, Math.ceil(held / 4));
  }

  private begin(needed: number): void {
    if (this.asking || this.refusal || this.held === null) return;
    const { limit } = this.parts;
    if (limit && this.held >= limit.tokens) {
      this.refusal = limit.notice;
      return;
    }
    const wanted = Math.min(
      Math.max(this.held + this.stepTokens, needed),
      limit?.tokens ?? Number.POSITIVE_INFINITY,
    );
    this.asking = this.ask(wanted, needed).finally(() => {
      this.asking = undefined;
    });
  }

  private async ask(wanted: number, needed: number): Promise<void> {
    try {
      const result = await this.parts.ask(wanted);
      this.failures = 0;
      if (result === 'held') this.held = wanted;
      else this.refuse(result, wanted > needed);
    } catch (error) {
      await this.afterFailure(error);
    }
  }

  /** There may still be enough for less. */
  private refuse(result: Exclude<Extended['result'], 'held'>, isMoreThanNeeded: boolean): void {
    this.stepTokens = Math.floor(this.stepTokens / 2);
    if (isMoreThanNeeded && this.stepTokens >= stepTokensMin) return;
    this.refusal = result === 'budget_exceeded' ? 'budget_exhausted' : 'balance_exhausted';
  }

  /** Whether it was done is not known, and asking again is harmless. */
  private async afterFailure(error: unknown): Promise<void> {
    if (!(error instanceof Fault)) {
      // Nobody may be waiting here: it is thrown at the next event.
      this.bug = { error };
      return;
    }
    this.failures += 1;
    if (error.kind !== 'unavailable' || this.failures >= failuresMax) {
      this.refusal = 'hold_not_extended';
      return;
    }
    await delay(this.parts.settings.retryMs * 2 ** (this.failures - 1));
  }
}
