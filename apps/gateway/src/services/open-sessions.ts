import { setTimeout as delay } from 'node:timers/promises';
import { Log, Metrics } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import type { MarketReason } from '../domain/session-end.js';
import { type SessionOwner, TokenCheck } from './token-check.js';

/** How the market ends a session: at once, or when what is under way has ended. */
export class OpenSession {
  private readonly ending = new AbortController();
  private readonly parting = new AbortController();
  readonly over: AbortSignal = this.ending.signal;
  readonly leaving: AbortSignal = this.parting.signal;

  constructor(readonly owner: SessionOwner) {}

  end(reason: MarketReason): void {
    this.ending.abort(reason);
  }

  leave(): void {
    this.parting.abort();
  }
}

/** Tokens that accounts is asked about at once. */
const questionsMax = 16;

/**
 * The sessions of this process. Unlike requests they outlast what they were admitted by: whether their API tokens are still
 * good is asked again whenever somebody's access has changed.
 */
@Injectable()
export class OpenSessions {
  private readonly open = new Set<OpenSession>();
  private ended = Promise.withResolvers<void>();
  private checking: Promise<void> | undefined;
  private isAskedAgain = false;
  private isParting = false;

  constructor(
    private readonly tokens: TokenCheck,
    private readonly log: Log,
    metrics: Metrics,
  ) {
    metrics.gauge('sessions_open', 'Sessions of the Realtime API.', () => this.open.size);
  }

  get count(): number {
    return this.open.size;
  }

  /** Nobody new is let in. */
  get isLeaving(): boolean {
    return this.isParting;
  }

  add(owner: SessionOwner): OpenSession {
    const session = new OpenSession(owner);
    this.open.add(session);
    return session;
  }

  remove(session: OpenSession): void {
    this.open.delete(session);
    this.ended.resolve();
    this.ended = Promise.withResolvers();
  }

  /** Ends the sessions of tokens that are not good any more. What has changed meanwhile is asked about once more. */
  recheck(): Promise<void> {
    if (this.checking !== undefined) this.isAskedAgain = true;
    this.checking ??= this.checkAll().finally(() => {
      this.checking = undefined;
    });
    return this.checking;
  }

  /** Sessions end as soon as none of their answers is under way, at the latest after so long. */
  async leave(graceMs: number): Promise<void> {
    this.isParting = true;
    for (const session of this.open) session.leave();
    const late = new AbortController();
    void delay(graceMs, undefined, { signal: late.signal }).then(
      () => this.endAll(),
      () => undefined,
    );
    while (this.open.size > 0) await this.ended.promise;
    late.abort();
  }

  private endAll(): void {
    for (const session of this.open) session.end('leaving');
  }

  private async checkAll(): Promise<void> {
    do {
      this.isAskedAgain = false;
      const byCaller = Map.groupBy(this.open, ({ owner }) => JSON.stringify(owner));
      const groups = [...byCaller.values()];
      while (groups.length > 0) {
        await Promise.all(groups.splice(0, questionsMax).map((sessions) => this.check(sessions)));
      }
    } while (this.isAskedAgain);
  }

  /** What cannot be asked now is asked next time; the ledger pays no answer of a token that is not good. */
  private async check(sessions: readonly OpenSession[]): Promise<void> {
    const [first] = sessions;
    if (!first) return;
    const answer = await this.tokens.ask(first.owner);
    if (answer === 'unknown')
      this.log.warn({ sessions: sessions.length }, 'the tokens of sessions cannot be checked');
    if (answer !== 'revoked') return;
    for (const session of sessions) session.end('revoked');
  }
}
