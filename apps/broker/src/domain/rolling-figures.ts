/** How one request went, as the broker itself has seen it. */
export type CallFigures = Readonly<{
  isServed: boolean;
  /** From sending it to the first byte of its answer; null where none came. */
  firstMs: number | null;
  /** Until the first event that holds text; null where none was seen. */
  firstContentMs: number | null;
  /** Null where the answer came in one piece. */
  chunksPerSecond: number | null;
  /** Events that hold text. Null where there were not two. */
  contentEventsPerSecond: number | null;
  /** What the worker said about it itself; null where it said nothing. */
  claimedElapsedMs: number | null;
  claimedTokensPerSecond: number | null;
}>;

const medians = [
  'firstMs',
  'firstContentMs',
  'chunksPerSecond',
  'contentEventsPerSecond',
  'claimedElapsedMs',
  'claimedTokensPerSecond',
] as const;

/** What is shown of one model at one worker. */
export type ModelFigures = Readonly<{ model: string; requests: number; successRate: number }> &
  Readonly<Record<(typeof medians)[number], number | null>>;

/** What is told of all models at one worker together: whom the router prefers depends on it. */
export type TogetherFigures = Pick<
  ModelFigures,
  'requests' | 'successRate' | 'firstMs' | 'chunksPerSecond'
>;

/** As many as the market's page speaks of. */
const requestsMax = 100;
/** A worker serves a few models; names beyond that are made up, and the longest unused makes room. */
const modelsMax = 32;

/** The latest requests of each model at one worker, and of all of them. */
export class RollingFigures {
  private readonly byModel = new Map<string, CallFigures[]>();
  private readonly latest: CallFigures[] = [];
  private sum: TogetherFigures | undefined;

  add(model: string, figures: CallFigures): void {
    keep(this.latest, figures);
    this.sum = undefined;
    const latest = this.byModel.get(model) ?? [];
    keep(latest, figures);
    this.byModel.delete(model);
    this.byModel.set(model, latest);
    const [oldest] = this.byModel.keys();
    if (this.byModel.size > modelsMax && oldest !== undefined) this.byModel.delete(oldest);
  }

  /**
   * Answers in one piece have no first byte that says how fast the worker is: it comes with the last one.
   * Worked out once for each request that ends, however often it is told.
   */
  together(): TogetherFigures | undefined {
    if (this.latest.length === 0) return undefined;
    const streamed = this.latest.filter(({ chunksPerSecond }) => chunksPerSecond !== null);
    this.sum ??= {
      requests: this.latest.length,
      successRate: successRate(this.latest),
      firstMs: median(streamed.map(({ firstMs }) => firstMs)),
      chunksPerSecond: median(streamed.map(({ chunksPerSecond }) => chunksPerSecond)),
    };
    return this.sum;
  }

  summary(): readonly ModelFigures[] {
    return [...this.byModel].map(([model, latest]) => ({
      model,
      requests: latest.length,
      successRate: successRate(latest),
      ...mediansOf(latest),
    }));
  }
}

function keep(latest: CallFigures[], figures: CallFigures): void {
  latest.push(figures);
  if (latest.length > requestsMax) latest.shift();
}

function successRate(calls: readonly CallFigures[]): number {
  return calls.filter(({ isServed }) => isServed).length / calls.length;
}

function mediansOf(latest: readonly CallFigures[]): Pick<ModelFigures, (typeof medians)[number]> {
  const entries = medians.map((name) => [name, median(latest.map((one) => one[name]))] as const);
  return Object.fromEntries(entries) as Pick<ModelFigures, (typeof medians)[number]>;
}

/** Of those that are known. One slow start, or one absurd claim, does not move it. */
function median(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null).sort((one, other) => one - other);
  return known[(known.length - 1) >> 1] ?? null;
}
