/** The value of a metric without labels of its own in Prometheus' text; throws where there is none. */
export function metricOf(text: string, name: string): number {
  for (const line of text.split('\n')) {
    const [, found, value] = /^([a-zA-Z_:][\w:]*)(?:\{[^}]*\})? (\S+)/.exec(line) ?? [];
    if (found === name) return Number(value);
  }
  throw new Error(`There is no metric ${name}.`);
}

export async function scrape(url: string): Promise<string> {
  const response = await fetch(`${url}/metrics`);
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${url}/metrics was answered ${response.status}.`);
  return text;
}

/** How far apart a service's looks at its event loop are that nothing holds up. */
const lookMs = 10;

export type LoopDelay = Readonly<{
  /** How late a timer was. */
  p99Ms: number;
  /** The longest time between two looks: no stall was longer, and it may have been shorter by one look. */
  stallMsMax: number;
}>;

/** Of the time since the last scrape: reading it begins anew. */
export function loopDelayOf(text: string): LoopDelay {
  const p99Ms = metricOf(text, 'nodejs_eventloop_lag_p99_seconds') * 1_000 - lookMs;
  const stallMsMax = metricOf(text, 'nodejs_eventloop_lag_max_seconds') * 1_000;
  return { p99Ms: Math.max(0, p99Ms), stallMsMax };
}
