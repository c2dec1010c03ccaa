import { type EventSubject, kindOf, type OwnerNews } from './owner-event.js';

/** Something to tell once, and how often it has happened. */
export type CountedNews = Readonly<{
  eventId: string;
  subject: EventSubject;
  news: OwnerNews;
  count: number;
}>;

export type CollapseLimits = Readonly<{
  /** How long repeats are counted after a refusal was told; each further round takes twice as long. */
  roundMs: number;
  roundMsMax: number;
}>;

/** What is counted of one provider, client and reason since it was told last. */
type Round = Readonly<{
  /** The latest refusal, and the repeats that are not told yet. */
  counted: CountedNews;
  endsAtMs: number;
  lengthMs: number;
}>;

/** Clients and reasons that are told apart of one provider and kind; a stranger can make up any number. */
const clientsMax = 16;
/** Stands for all further ones. */
const severalClients = '*';
/** Rounds at once. While there are more, each further refusal is told by itself. */
const roundsMax = 20_000;

/**
 * Whoever is refused again and again is told of at once, and then in rounds that become longer: how often it
 * has happened since. So what a knocking stranger adds to a history grows with the days, not with the knocks.
 */
export class RefusalCollapse {
  /** By provider and kind, then by client and reason. */
  private readonly groups = new Map<string, Map<string, Round>>();
  private roundCount = 0;

  constructor(
    private readonly limits: CollapseLimits,
    private readonly newId: () => string,
  ) {}

  /** Gives what is to be told now; undefined where it is a repeat, which is counted. */
  take(subject: EventSubject, news: OwnerNews): CountedNews | undefined {
    const first = { eventId: this.newId(), subject, news, count: 1 };
    const kind = kindOf(news);
    if (kind === 'session') return first;
    const groupKey = `${subject.providerId} ${kind}`;
    const group = this.groups.get(groupKey) ?? new Map<string, Round>();
    const isTold = group.has(roundKey(news)) || group.size < clientsMax;
    const named = isTold ? news : { ...news, clientId: severalClients };
    const round = group.get(roundKey(named));
    if (round) {
      const { counted } = round;
      const more = { ...counted, news: named, count: counted.count + 1 };
      group.set(roundKey(named), { ...round, counted: more });
      return undefined;
    }
    if (this.roundCount < roundsMax) {
      this.roundCount += 1;
      const { roundMs } = this.limits;
      const counted = this.nothingOf(subject, named);
      group.set(roundKey(named), { counted, endsAtMs: news.atMs + roundMs, lengthMs: roundMs });
      this.groups.set(groupKey, group);
    }
    return { ...first, news: named };
  }

  /** Ends the rounds that are over, and gives what was counted in them. Where that is nothing, no other follows. */
  endRounds(nowMs: number): readonly CountedNews[] {
    const told: CountedNews[] = [];
    for (const [groupKey, group] of this.groups) {
      for (const [key, { counted, endsAtMs, lengthMs }] of group) {
        if (endsAtMs > nowMs) continue;
        if (counted.count === 0) {
          this.roundCount -= 1;
          group.delete(key);
          continue;
        }
        told.push(counted);
        const longerMs = Math.min(lengthMs * 2, this.limits.roundMsMax);
        const next = this.nothingOf(counted.subject, counted.news);
        group.set(key, { counted: next, endsAtMs: nowMs + longerMs, lengthMs: longerMs });
      }
      if (group.size === 0) this.groups.delete(groupKey);
    }
    return told;
  }

  /** What is counted and not told yet. Once it is told, it has the same id and no smaller count. */
  untold(): readonly CountedNews[] {
    return [...this.groups.values()]
      .flatMap((group) => [...group.values()])
      .flatMap(({ counted }) => (counted.count > 0 ? [counted] : []));
  }

  private nothingOf(subject: EventSubject, news: OwnerNews): CountedNews {
    return { eventId: this.newId(), subject, news, count: 0 };
  }
}

function roundKey({ clientId, detail }: OwnerNews): string {
  return JSON.stringify([clientId, detail]);
}
