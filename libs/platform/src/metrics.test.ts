import { describe, expect, it } from '@jest/globals';
import { Metrics } from './metrics.js';

describe(Metrics, () => {
  it('tells of the process and its event loop, and lists nothing of what is open', async () => {
    const text = await new Metrics('test').registry.metrics();
    for (const name of [
      'nodejs_eventloop_lag_p99_seconds',
      'nodejs_eventloop_lag_max_seconds',
      'process_resident_memory_bytes',
      'process_open_fds',
    ]) {
      expect(text).toContain(`${name}{service="test"}`);
    }
    expect(text).not.toMatch(/nodejs_active_/);
  });
});
