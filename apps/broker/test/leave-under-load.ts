import { until } from '@aisbf/testkit';
import { expect } from '@jest/globals';
import { type BrokerProcess, startBrokerProcess } from './broker-process.js';
import { type CallAnswer, call, type OpenCall, openCall } from './broker-stage.js';
import { openProvider, startFakePeers } from './fake-peers.js';
import { type Frame, Refusal, ScriptedWorker } from './scripted-worker.js';

const graceMs = 60_000;
/** How often each stream says a word: slowly, as models do on a busy machine. */
const wordMs = 250;
/** Small, so that the slices can be told apart. */
const slicesOfAll = 20;
const sliceMs = 50;

const delta = (word: number) => `data: {"choices":[{"delta":{"content":"${word} "}}]}\n\n`;

/** One worker with one stream under way, and the way it goes when its broker leaves. */
class Streaming {
  words = 0;
  closedAtMs = 0;
  next: ScriptedWorker | undefined;
  private constructor(
    readonly clientId: string,
    readonly knowsDrain: boolean,
    readonly worker: ScriptedWorker,
    readonly call: OpenCall,
    readonly frame: Frame,
  ) {
    worker.socket.on('close', () => {
      this.closedAtMs = performance.now();
    });
  }

  static async start(brokerUrl: string, index: number): Promise<Streaming> {
    const knowsDrain = index % 2 === 0;
    const clientId = `machine-${index}`;
    const worker = await ScriptedWorker.start(brokerUrl, {
      ...identityOf(clientId),
      capabilities: { operations: knowsDrain ? ['drain'] : [] },
    });
    await worker.frame(({ op }) => op === 'models.list');
    const asked = Promise.withResolvers<Frame>();
    worker.on('chat.completions', asked.resolve);
    const call = openCall(brokerUrl, { sessionId: worker.sessionId, isStream: true });
    const streaming = new Streaming(clientId, knowsDrain, worker, call, await asked.promise);
    streaming.say();
    expect((await call.response).statusCode).toBe(200);
    return streaming;
  }

  say(): void {
    this.worker.answer(this.frame, { event: 'chunk', payload: { chunk: delta(this.words) } });
    this.words += 1;
  }

  finish(): void {
    this.worker.answer(this.frame, { event: 'done', payload: {} });
  }

  /** All that its worker has said, and the end. */
  get whole(): string {
    const words = Array.from({ length: this.words }, (_, word) => delta(word));
    return `${words.join('')}data: [DONE]\n\n`;
  }

  /** As a worker does when it is told to go, or sees that it has to. */
  async move(brokerUrl: string): Promise<void> {
    this.next = await ScriptedWorker.start(brokerUrl, identityOf(this.clientId));
    await this.next.frame(({ op }) => op === 'models.list');
  }
}

function identityOf(clientId: string) {
  const { username, providerName: providerId, registrationToken } = openProvider;
  return { username, providerId, registrationToken, clientId };
}

/** Runs the same for all of them, not all at once: a listening socket's queue is short. */
async function inTurns<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const atOnce = 50;
  for (let from = 0; from < items.length; from += atOnce) {
    results.push(...(await Promise.all(items.slice(from, from + atOnce).map(work))));
  }
  return results;
}

/** What there is to see when a broker is asked to leave while this many streams are under way. */
export async function leaveUnderLoad(streamsCount: number): Promise<void> {
  const peers = await startFakePeers();
  const settings = {
    BROKER_DRAIN_GRACE_MS: String(graceMs),
    BROKER_SHUTDOWN_GRACE_MS: String(graceMs + 10_000),
    BROKER_DRAIN_SLICE: String(streamsCount / slicesOfAll),
    BROKER_LOG_LEVEL: 'info',
  };
  const [leaving, staying] = await Promise.all([
    startBrokerProcess(peers.url, { ...settings, BROKER_ID: 'leaving' }),
    startBrokerProcess(peers.url, { ...settings, BROKER_ID: 'staying' }),
  ]);
  const all = await inTurns([...Array(streamsCount).keys()], (index) =>
    Streaming.start(leaving.url, index),
  );
  const talk = setInterval(() => {
    for (const streaming of all) streaming.say();
  }, wordMs);
  try {
    leaving.child.kill('SIGTERM');
    await expectNothingNew(leaving, all);
    await moveTheWarned(staying, all);
    clearInterval(talk);
    const answers = await finishAll(all);
    expect(answers.map(({ status, isCut }) => ({ status, isCut }))).toEqual(
      all.map(() => ({ status: 200, isCut: false })),
    );
    expect(answers.map(({ text }) => text)).toEqual(all.map(({ whole }) => whole));
    await expectClosedInSlices(all);
    expect(await leaving.exited).toBe(0);
    await moveTheOthers(staying, all);
  } finally {
    clearInterval(talk);
    for (const { worker, next } of all) {
      worker.socket.terminate();
      next?.socket.terminate();
    }
    await Promise.all([leaving.kill(), staying.kill(), peers.close()]);
  }
}

async function expectNothingNew(leaving: BrokerProcess, all: readonly Streaming[]): Promise<void> {
  await until(() => leaving.text().includes('"leaving"'));
  const someone = ScriptedWorker.connect(leaving.url, identityOf('a-new-machine'));
  const refusal: unknown = await someone.catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(Refusal);
  expect(refusal).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
  const [busy] = all;
  const answer = await call(leaving.url, { sessionId: busy?.worker.sessionId ?? '' });
  expect(answer).toMatchObject({ status: 503, fault: 'SESSION_DRAINING' });
}

/** Those who understand are told at once, and are elsewhere while their streams still run here. */
async function moveTheWarned(staying: BrokerProcess, all: readonly Streaming[]): Promise<void> {
  const warned = all.filter(({ knowsDrain }) => knowsDrain);
  await inTurns(warned, async (streaming) => {
    const farewell = await streaming.worker.frame(({ op }) => op === 'drain');
    expect(farewell).toMatchObject({ v: 1, payload: { grace_ms: expect.any(Number) } });
    await streaming.move(staying.url);
  });
  // Their streams go on meanwhile.
  const words = all.map((streaming) => streaming.words);
  await until(() => all.every((streaming, index) => streaming.words >= (words[index] ?? 0) + 2));
  for (const { worker, next, knowsDrain } of all) {
    expect(worker.closed).toBeUndefined();
    expect(next?.closed).toBeUndefined();
    if (!knowsDrain) expect(worker.frames.some(({ op }) => op === 'drain')).toBe(false);
  }
  expect(await sessionsOf(staying)).toBe(warned.length);
}

function finishAll(all: readonly Streaming[]): Promise<CallAnswer[]> {
  for (const streaming of all) streaming.finish();
  return Promise.all(all.map((streaming) => streaming.call.answer));
}

async function expectClosedInSlices(all: readonly Streaming[]): Promise<void> {
  const ends = await Promise.all(all.map(({ worker }) => worker.end()));
  expect(ends).toEqual(all.map(() => ({ code: 1001, reason: 'drained' })));
  const times = all.map(({ closedAtMs }) => closedAtMs);
  // All of them were idle at once; a storm would have closed them in one go.
  const leastMs = (slicesOfAll / 2) * sliceMs;
  expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(leastMs);
}

/** Those who learn of it by their closing come back as soon as they see it. */
async function moveTheOthers(staying: BrokerProcess, all: readonly Streaming[]): Promise<void> {
  await inTurns(
    all.filter(({ next }) => !next),
    (streaming) => streaming.move(staying.url),
  );
  expect(await sessionsOf(staying)).toBe(all.length);
  await inTurns(all, async ({ next }) => {
    next?.on('chat.completions', (frame) =>
      next.answer(frame, { status: 'ok', payload: { choices: [] } }),
    );
    const answer = await call(staying.url, { sessionId: next?.sessionId ?? '' });
    expect(answer.status).toBe(200);
  });
}

async function sessionsOf({ url }: BrokerProcess): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^\w*broker_sessions(?:\{.*\})? (\d+)$/m.exec(text)?.[1] ?? -1);
}
