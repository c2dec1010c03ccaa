import { describe, expect, it } from '@jest/globals';
import { loopDelayOf, metricOf } from './metrics-text.js';

const text = `# HELP nodejs_eventloop_lag_p99_seconds The 99th percentile.
# TYPE nodejs_eventloop_lag_p99_seconds gauge
nodejs_eventloop_lag_p99_seconds{service="broker"} 0.0125
nodejs_eventloop_lag_max_seconds{service="broker"} 0.048
aisbf_router_sessions_routable{service="router"} 9999
aisbf_router_sessions 1
odd 1.5e-7
`;

describe(metricOf, () => {
  it('reads a value, with labels and without, and no other that begins alike', () => {
    expect(metricOf(text, 'aisbf_router_sessions')).toBe(1);
    expect(metricOf(text, 'aisbf_router_sessions_routable')).toBe(9_999);
    expect(metricOf(text, 'odd')).toBe(1.5e-7);
  });

  it('throws where there is none, rather than to measure nothing', () => {
    expect(() => metricOf(text, 'aisbf_router')).toThrow('no metric aisbf_router');
  });
});

describe(loopDelayOf, () => {
  it('takes off the time between two looks from a delay, but not from a stall', () => {
    const { p99Ms, stallMsMax } = loopDelayOf(text);
    expect(p99Ms).toBeCloseTo(2.5);
    expect(stallMsMax).toBeCloseTo(48);
  });

  it('knows no delay below none', () => {
    expect(loopDelayOf(text.replace('0.0125', '0.0099')).p99Ms).toBe(0);
  });
});
