import { isDeepStrictEqual } from 'node:util';
import { until } from '@aisbf/testkit';
import { expect } from '@jest/globals';
import { type CallAnswer, type CallOptions, type OpenCall, openCall } from './broker-stage.js';
import { apiTokens, type KnownProvider } from './fake-peers.js';
import { type Handshake, type Manner, RawWorker } from './raw-worker.js';
import type { Frame } from './scripted-worker.js';

/**
 * One thing that happens in a conversation. Texts that begin with `$` stand for what is known only when it
 * happens: `$client`, `$username`, `$owner`, `$session`, and the `request_id` of a frame that was heard `as`
 * some name.
 */
export type Step =
  /** The worker says this: an object as JSON, a text or bytes as they are. */
  | Readonly<{ sends: object | string | Buffer; times?: number }>
  /** The very next frame equals this, heartbeats of the broker apart. */
  | Readonly<{ hears: object; as?: string; times?: number }>
  /** The same as `hears`, for what may be heard in between at any time. */
  | Readonly<{ hearsHeartbeat: true; as: string }>
  /** A gateway asks the worker; the call goes by a name. */
  | Readonly<{ asks: string; call?: Omit<CallOptions, 'sessionId'> }>
  /** So many requests wait at the broker until the worker has room. */
  | Readonly<{ areQueued: number }>
  /** The gateway is answered. */
  | Readonly<{ gets: string; answer: Partial<CallAnswer> }>
  /** The gateway hangs up. */
  | Readonly<{ hangsUp: string }>
  /** The broker closes the connection. */
  | Readonly<{ isClosed: Readonly<{ code: number; reason?: string }> }>
  /** The worker closes it, and hears the same code. */
  | Readonly<{ leaves: number }>
  /** A second connection with the same identity is opened. */
  | Readonly<{ isReplaced: true }>
  /** The worker's registration is taken away. */
  | Readonly<{ isRevoked: true }>;

/** A conversation of one worker, from its handshake to its end. */
export type Script = Readonly<{
  name: string;
  provider: KnownProvider;
  handshake: (identity: Identity) => Handshake;
  /** Said in the same breath as the handshake. */
  early?: readonly object[];
  steps: readonly Step[];
}>;

export type Identity = KnownProvider & Readonly<{ clientId: string }>;

/** What a script plays against. */
export type Scene = Readonly<{
  brokerUrl: string;
  manner: Manner;
  random: () => number;
  clientId: string;
  revoke: (identity: Identity) => void;
}>;

/** Plays a script, and fails where the broker says anything else. */
export async function play(script: Script, scene: Scene): Promise<void> {
  const performance = await Performance.begin(script, scene);
  try {
    for (const step of script.steps) await performance.take(step);
    await performance.expectNothingLeft();
  } finally {
    performance.end();
  }
}

class Performance {
  private readonly known: Map<string, string>;
  private readonly calls = new Map<string, OpenCall>();
  private readonly others: RawWorker[] = [];
  private heard = 0;

  private constructor(
    private readonly worker: RawWorker,
    private readonly identity: Identity,
    private readonly script: Script,
    private readonly scene: Scene,
  ) {
    this.known = new Map([
      ['$client', identity.clientId],
      ['$username', identity.username],
      ['$owner', identity.ownerId],
    ]);
  }

  static async begin(script: Script, scene: Scene): Promise<Performance> {
    const identity = { ...script.provider, clientId: scene.clientId };
    const worker = await RawWorker.open({
      ...{ brokerUrl: scene.brokerUrl, manner: scene.manner, random: scene.random },
      handshake: script.handshake(identity),
      early: (script.early ?? []).map((frame) => JSON.stringify(frame)),
    });
    if (worker.refusal) throw new Error(worker.refusal);
    return new Performance(worker, identity, script, scene);
  }

  async take(step: Step): Promise<void> {
    if ('sends' in step) this.send(step);
    else if ('hears' in step) await this.hearAll(step);
    else if ('hearsHeartbeat' in step) this.learn(await this.hearHeartbeat(), step.as);
    else if ('asks' in step) this.ask(step.asks, step.call);
    else if ('gets' in step) expect(await this.call(step.gets).answer).toMatchObject(step.answer);
    else if ('areQueued' in step) await until(() => this.areQueued(step.areQueued));
    else if ('hangsUp' in step) this.call(step.hangsUp).abort();
    else if ('isClosed' in step) expect(await this.worker.end()).toMatchObject(step.isClosed);
    else if ('leaves' in step) {
      expect(await this.worker.leave(step.leaves)).toMatchObject({ code: step.leaves });
    } else if ('isReplaced' in step) await this.replace();
    else this.scene.revoke(this.identity);
  }

  /** Whatever a broker says beyond what it has to is work to a deployed client. */
  async expectNothingLeft(): Promise<void> {
    const isOpen = this.worker.closed === undefined;
    // The answer to our closing comes after all else.
    if (isOpen) await this.worker.leave(1000);
    const { frames, pongs, pings } = this.worker;
    expect(frames.slice(this.heard).filter((frame) => !isHeartbeat(frame))).toEqual([]);
    if (isOpen) expect(pongs).toBe(pings);
  }

  end(): void {
    for (const worker of [this.worker, ...this.others]) worker.destroy();
    for (const call of this.calls.values()) call.abort();
  }

  private send({ sends, times = 1 }: Extract<Step, { sends: unknown }>): void {
    const isRaw = typeof sends === 'string' || Buffer.isBuffer(sends);
    const data = isRaw ? sends : JSON.stringify(this.filled(sends));
    for (let count = 0; count < times; count += 1) this.worker.send(data);
  }

  private async hearAll({ hears, as, times = 1 }: Extract<Step, { hears: object }>): Promise<void> {
    for (let count = 0; count < times; count += 1) this.learn(await this.hear(hears), as);
  }

  private async hear(expected: object): Promise<Frame> {
    const message = `a frame like ${JSON.stringify(expected)}`;
    const frame = await this.worker.until(() => this.nextFrame(), message);
    expect(frame).toEqual(this.filled(expected));
    return frame;
  }

  private nextFrame(): Frame | undefined {
    while (isHeartbeat(this.worker.frames[this.heard])) this.heard += 1;
    const frame = this.worker.frames[this.heard];
    if (frame) this.heard += 1;
    return frame;
  }

  private async hearHeartbeat(): Promise<Frame> {
    const find = () => this.worker.frames.find(isHeartbeat);
    const frame = await this.worker.until(find, 'a heartbeat of the broker');
    expect(frame).toEqual({ v: 1, op: 'heartbeat', request_id: expect.any(String), payload: {} });
    return frame;
  }

  private learn(frame: Frame, name: string | undefined): void {
    if (typeof frame.session_id === 'string') this.known.set('$session', frame.session_id);
    if (name !== undefined) this.known.set(`$${name}`, String(frame.request_id));
  }

  private ask(name: string, options: Omit<CallOptions, 'sessionId'> = {}): void {
    const sessionId = this.known.get('$session') ?? '';
    const call = openCall(this.scene.brokerUrl, { sessionId, ...options });
    call.response.catch(() => undefined);
    this.calls.set(name, call);
  }

  private async areQueued(count: number): Promise<boolean> {
    const headers = { authorization: `Bearer ${apiTokens.operator}` };
    const url = `${this.scene.brokerUrl}/api/coderai/broker/sessions`;
    const { sessions } = (await (await fetch(url, { headers })).json()) as SeenSessions;
    const own = sessions.find(({ session_id: id }) => id === this.known.get('$session'));
    return own?.presence.queued === count;
  }

  private call(name: string): OpenCall {
    const call = this.calls.get(name);
    if (!call) throw new Error(`${this.script.name}: nobody asked ${name}`);
    return call;
  }

  private async replace(): Promise<void> {
    const { brokerUrl, manner, random } = this.scene;
    const handshake = this.script.handshake(this.identity);
    this.others.push(await RawWorker.open({ brokerUrl, manner, random, handshake }));
  }

  /** With what is known in the places that stand for it; matchers stay as they are. */
  private filled(value: unknown): unknown {
    if (typeof value === 'string') return this.known.get(value) ?? value;
    if (Array.isArray(value)) return value.map((each) => this.filled(each));
    if (!isPlain(value)) return value;
    const entries = Object.entries(value).map(([name, each]) => [name, this.filled(each)] as const);
    return Object.fromEntries(entries);
  }
}

type SeenSessions = Readonly<{
  sessions: readonly Readonly<{ session_id: string; presence: Readonly<{ queued: number }> }>[];
}>;

function isHeartbeat(frame: Frame | undefined): boolean {
  return frame?.op === 'heartbeat' && isDeepStrictEqual(frame.payload, {});
}

function isPlain(value: unknown): value is object {
  return (
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  );
}
