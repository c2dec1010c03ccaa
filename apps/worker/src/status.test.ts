import { describe, expect, it } from '@jest/globals';
import { StatusBoard } from './status.js';

function board() {
  return new StatusBoard({ marketUrl: 'ws://m', upstreamUrl: 'http://u', placesMax: 2 });
}

describe(StatusBoard, () => {
  it('counts requests by how they ended', () => {
    const status = board();
    for (const outcome of ['served', 'failed', 'cancelled', 'served'] as const) {
      status.requestBegun();
      status.requestEnded(outcome);
    }
    status.requestBegun();
    expect(status.at(0).requests).toMatchObject({ running: 1, served: 2, failed: 1, cancelled: 1 });
  });

  it('tells the speed of the last ten seconds, and forgets what is older', () => {
    const status = board();
    status.tokensCame(70, 1_000);
    status.tokensCame(30, 5_000);
    expect(status.at(5_500).requests.tokensPerSecond).toBe(10);
    expect(status.at(12_000).requests.tokensPerSecond).toBe(3);
    expect(status.at(60_000).requests).toMatchObject({ tokens: 100, tokensPerSecond: 0 });
    status.tokensCame(-40, 60_000);
    expect(status.at(60_000).requests.tokensPerSecond).toBe(0);
  });

  it('says when something has changed', () => {
    const status = board();
    let changes = 0;
    status.onChange(() => {
      changes += 1;
    });
    status.showMarket({ state: 'connected', session: 's' });
    status.showUpstream({ health: 'up', models: ['m'] });
    expect(changes).toBe(2);
    expect(status.at(0)).toMatchObject({
      market: { state: 'connected', url: 'ws://m' },
      upstream: { models: ['m'], url: 'http://u' },
    });
  });
});
