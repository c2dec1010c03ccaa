import { until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CanarySearch } from './canary.js';
import { CanaryMarket } from './canary-market.js';
import { CanaryPerson } from './canary-person.js';
import {
  commandLines,
  exportsOf,
  leaksOnDisk,
  logsOf,
  metricsOf,
  overheard,
  type Place,
  rowsOf,
} from './canary-places.js';
import { CanaryTraffic } from './canary-traffic.js';

let canary: CanaryMarket;
let search: CanarySearch;
let traffic: CanaryTraffic;
let exported: readonly Place[];

beforeAll(async () => {
  canary = await CanaryMarket.start();
  traffic = new CanaryTraffic(canary);
  const person = new CanaryPerson(canary, traffic);
  await traffic.buyInEveryMood();
  await traffic.misplaceTokens();
  await traffic.manageBadly();
  await traffic.connectBadly();
  await person.signInWellAndBadly();
  await person.replaceToken();
  search = new CanarySearch([...canary.canaries(), ...person.canaries()]);
  await canary.market.restingWallet(canary.people.buyer);
  exported = await exportsOf(canary, traffic.requestId);
  await traffic.breakTables();
  await until(async () => (await canary.market.bugs()).length > 0);
}, 180_000);

afterAll(async () => {
  await canary?.stop();
}, 60_000);

function leaksIn(places: readonly Place[]) {
  return places.flatMap(({ place, text, expected }) => search.inText(place, text, expected));
}

/** Each of these stands where it is looked for: nothing is found in an empty place. */
function expectToHold(places: readonly Place[], ...marks: readonly string[]) {
  const all = places.map(({ place, text }) => `${place}\n${text}`).join('\n');
  for (const mark of marks) expect(all).toContain(mark);
}

describe('no secret, and nothing that people say, stands', () => {
  it('in the answers that anybody gets', () => {
    const statuses = traffic.answers.map(({ text }) => text.slice(0, 3));
    for (const status of ['200', '400', '401', '403', '404', '409', '429', '500', '502']) {
      expect(statuses).toContain(status);
    }
    expect(canary.stripeRefusals).toBeGreaterThan(0);
    expect(leaksIn(traffic.answers)).toEqual([]);
  });

  it('in the logs of services, workers and servers, at their most talkative', async () => {
    const logs = await logsOf(canary);
    expectToHold(logs, '"level":"debug"', 'a bug', 'request answered', 'worker refused');
    expectToHold(logs, ...['accounts', 'router', 'broker', 'gateway', 'worker-canary', 'postgres']);
    expect(leaksIn(logs)).toEqual([]);
  });

  it('in metrics', async () => {
    const metrics = await metricsOf(canary);
    expectToHold(metrics, 'aisbf_router_credentials{key_id="now"', 'aisbf_gateway_refusals_total');
    expect(leaksIn(metrics)).toEqual([]);
  });

  it('in lists, reports and exports', () => {
    expectToHold(exported, 'rejected_credentials', 'hosted/plain', 'text/csv', 'canary');
    expect(leaksIn(exported)).toEqual([]);
  });

  it('on the bus, or among what Redis is told', () => {
    const places = overheard(canary);
    expectToHold(places, 'session-up', 'AISBF_OWNER_EVENTS', 'attempt-ended', '"evalsha"');
    expect(leaksIn(places)).toEqual([]);
  });

  it('in tables, but for what is hashed or encrypted', async () => {
    const rows = await rowsOf(canary);
    expectToHold(rows, 'accounts.api_token', 'credential_ciphertext": "\\\\x', '"alice"');
    expectToHold(rows, 'accounts.idempotency_key', '"answer": "\\\\x');
    expect(leaksIn(rows)).toEqual([]);
  });

  it('on command lines', async () => {
    const lines = await commandLines(canary);
    expectToHold(lines, 'apps/gateway/dist/main.js');
    expect(leaksIn(lines)).toEqual([]);
  });

  it('anywhere on the disk, but in the files that are there to keep them', async () => {
    const { leaks, files } = await leaksOnDisk(canary, search);
    expect(files).toBeGreaterThan(100);
    expect(leaks).toEqual([]);
  });
});
