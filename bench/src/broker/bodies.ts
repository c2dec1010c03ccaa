import { resetPeak, usageOf } from '../process-usage.js';
import { median } from '../statistics.js';
import type { BodyResult } from './body-load.js';
import { loopDelayOf, scrape } from './metrics-text.js';
import { type RelayLoad, type RelayTarget, throwAt } from './relay.js';

export type BodyPlan = Readonly<{ imageBytes: number; videoBytes: number; times: number }>;

/** One kind of body on one way. */
export type BodyFigures = Readonly<{
  title: string;
  mbPerS: number;
  eachMs: number;
  peakMb: number;
  /** The longest that everybody else's frames have waited meanwhile. */
  stallMsMax: number | undefined;
}>;

/** A way that bodies take. Another form of them is another way. */
export type BodyWay = Readonly<{
  title: string;
  target: RelayTarget;
  /** Where it tells of its event loop, if it does. */
  metricsUrl: string | undefined;
}>;

/** Images in and videos out, one at a time. */
export async function bodies(
  load: RelayLoad,
  ways: readonly BodyWay[],
  plan: BodyPlan,
): Promise<readonly BodyFigures[]> {
  const figures: BodyFigures[] = [];
  for (const way of ways) {
    const { target } = way;
    await load.call('open', { ...target.plan, claims: target.plan.claims.slice(0, 1) });
    try {
      const { times } = plan;
      for (const [name, bytes] of [
        ['upload', plan.imageBytes],
        ['download', plan.videoBytes],
      ] as const) {
        const run = () => load.call(name, { bytes, times });
        const title = `${name === 'upload' ? 'image in' : 'video out'}, ${way.title}`;
        figures.push(await measure({ ...way, title }, bytes, run));
      }
    } finally {
      await load.call('close', null);
    }
  }
  return figures;
}

async function measure(
  { title, target, metricsUrl }: BodyWay,
  bytes: number,
  run: () => Promise<BodyResult>,
): Promise<BodyFigures> {
  await resetPeak(target.pid);
  if (metricsUrl !== undefined) await scrape(metricsUrl);
  const { eachMs, failures } = await run();
  throwAt(failures);
  const delay = metricsUrl === undefined ? undefined : loopDelayOf(await scrape(metricsUrl));
  const ms = median(eachMs);
  return {
    ...{ title, eachMs: ms, mbPerS: bytes / 1_000 / ms },
    peakMb: (await usageOf(target.pid))?.peakMb ?? Number.NaN,
    stallMsMax: delay?.stallMsMax,
  };
}
