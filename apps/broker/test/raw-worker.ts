import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import type { Frame } from './scripted-worker.js';

/** How the same bytes come over the network. */
export type Manner = 'in one piece' | 'byte by byte' | 'in fragments';

export type Handshake = Readonly<{ path: string; headers: Readonly<Record<string, string>> }>;

export type RawWorkerOptions = Readonly<{
  brokerUrl: string;
  handshake: Handshake;
  manner: Manner;
  /** Between 0 and 1; decides where messages are cut. */
  random: () => number;
  /** Said in the same breath as the handshake, before there is an answer. */
  early?: readonly string[];
}>;

const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
const fragmentsMax = 6;
const pingBytesMax = 9;
/** By then a broker has said what it had to say, on a machine that is busy with many such workers. */
const answerMsMax = 20_000;

/** A worker that makes its own WebSocket, byte for byte, so that no library decides what goes out when. */
export class RawWorker {
  readonly frames: Frame[] = [];
  /** The broker's closing, once it has come; 1006 where the connection ended without one. */
  closed: { code: number; reason: string } | undefined;
  /** The broker's plain HTTP answer where it was none to an upgrade. */
  refusal: string | undefined;
  /** It answers no pings. */
  isSilent = false;
  pings = 0;
  pongs = 0;
  private isOpen = false;
  private unread = Buffer.alloc(0);
  private sending = Promise.resolve();
  private readonly news = new EventEmitter<{ some: [] }>();

  private constructor(
    private readonly socket: Socket,
    private readonly options: RawWorkerOptions,
  ) {
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => this.read(bytes));
    socket.on('close', () => {
      this.closed ??= { code: 1006, reason: '' };
      this.news.emit('some');
    });
  }

  static async open(options: RawWorkerOptions): Promise<RawWorker> {
    const { hostname, port } = new URL(options.brokerUrl);
    const socket = connect(Number(port), hostname);
    const worker = new RawWorker(socket, options);
    await once(socket, 'connect');
    const early = (options.early ?? []).map((text) => maskedFrame(opcodes.text, Buffer.from(text)));
    worker.write(Buffer.concat([requestHead(options.handshake), ...early]));
    await worker.until(() => worker.isOpen || worker.refusal, 'the handshake is answered');
    return worker;
  }

  /** One message, cut as the manner wants it. */
  send(data: string | Buffer): void {
    const opcode = typeof data === 'string' ? opcodes.text : opcodes.binary;
    const payload = Buffer.from(data);
    const pieces = this.options.manner === 'in fragments' ? this.cut(payload) : [payload];
    // One in a message: sixty at once are a flood to any server.
    const pingAt = this.pick(pieces.length);
    for (const [index, piece] of pieces.entries()) {
      const isLast = index === pieces.length - 1;
      this.write(maskedFrame(index === 0 ? opcode : opcodes.continuation, piece, isLast));
      if (index === pingAt && !isLast) this.ping();
    }
  }

  /** The beginning of a message that does not end with this piece. */
  sendPart(data: string, isFirst: boolean): void {
    const opcode = isFirst ? opcodes.text : opcodes.continuation;
    this.write(maskedFrame(opcode, Buffer.from(data), false));
  }

  ping(): void {
    this.pings += 1;
    this.write(maskedFrame(opcodes.ping, randomBytes(this.pick(pingBytesMax))));
  }

  /** Bytes that are no frame of ours. */
  write(bytes: Buffer): void {
    this.sending = this.sending.then(() => this.flush(bytes));
  }

  /** Closes as a client does, and waits for the answer. */
  leave(code = 1000): Promise<{ code: number; reason: string }> {
    const payload = Buffer.alloc(2);
    payload.writeUInt16BE(code);
    this.write(maskedFrame(opcodes.close, payload));
    return this.end();
  }

  end(): Promise<{ code: number; reason: string }> {
    return this.until(() => this.closed, 'the broker closes');
  }

  /** Waits for something that the broker says; looks each time that anything has come. */
  async until<Found>(condition: () => Found | undefined | false, message: string): Promise<Found> {
    const signal = AbortSignal.timeout(answerMsMax);
    for (;;) {
      const found = condition();
      if (found !== undefined && found !== false) return found;
      await once(this.news, 'some', { signal }).catch((cause: unknown) => {
        throw new Error(`Not so within ${answerMsMax} ms: ${message}`, { cause });
      });
    }
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** The connection is gone, not only closing. */
  get isGone(): boolean {
    return this.socket.destroyed;
  }

  private async flush(bytes: Buffer): Promise<void> {
    if (this.options.manner !== 'byte by byte') {
      if (this.socket.writable) this.socket.write(bytes);
      return;
    }
    for (const byte of bytes) {
      if (!this.socket.writable) return;
      this.socket.write(Buffer.of(byte));
      // The other side gets a turn, so that it sees the byte alone.
      await turn();
    }
  }

  /** Anywhere: in the middle of a character, and into nothing. */
  private cut(payload: Buffer): readonly Buffer[] {
    const count = 1 + this.pick(fragmentsMax);
    const places = Array.from({ length: count }, () => this.pick(payload.length + 1));
    const borders = [0, ...places.sort((one, other) => one - other), payload.length];
    return borders.slice(1).map((border, index) => payload.subarray(borders[index] ?? 0, border));
  }

  private pick(below: number): number {
    return Math.floor(this.options.random() * below);
  }

  private read(bytes: Buffer): void {
    this.unread = Buffer.concat([this.unread, bytes]);
    if (!this.isOpen) this.readHead();
    if (this.isOpen) this.readFrames();
    this.news.emit('some');
  }

  private readFrames(): void {
    for (let frame = readFrame(this.unread); frame; frame = readFrame(this.unread)) {
      this.unread = this.unread.subarray(frame.bytes);
      this.take(frame.opcode, frame.payload);
    }
  }

  private readHead(): void {
    const end = this.unread.indexOf('\r\n\r\n');
    if (end === -1) return;
    const head = this.unread.toString('latin1', 0, end);
    if (!head.startsWith('HTTP/1.1 101 ')) {
      this.refusal = head;
      return;
    }
    this.isOpen = true;
    this.unread = this.unread.subarray(end + 4);
  }

  private take(opcode: number, payload: Buffer): void {
    if (opcode === opcodes.text) this.frames.push(JSON.parse(payload.toString()) as Frame);
    else if (opcode === opcodes.ping) this.onPing(payload);
    else if (opcode === opcodes.pong) this.pongs += 1;
    else if (opcode === opcodes.close) this.onClose(payload);
    else throw new Error(`The broker sent a frame with opcode ${opcode}.`);
  }

  private onPing(payload: Buffer): void {
    if (!this.isSilent) this.write(maskedFrame(opcodes.pong, payload));
  }

  private onClose(payload: Buffer): void {
    const code = payload.length >= 2 ? payload.readUInt16BE() : 1005;
    this.closed ??= { code, reason: payload.toString('utf8', 2) };
    this.write(maskedFrame(opcodes.close, payload));
  }
}

function requestHead({ path, headers }: Handshake): Buffer {
  const lines = [
    `GET ${path} HTTP/1.1`,
    'host: broker',
    'connection: Upgrade',
    'upgrade: websocket',
    'sec-websocket-version: 13',
    `sec-websocket-key: ${randomBytes(16).toString('base64')}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
}

/** A client's frame: masked, as the standard wants it. */
export function maskedFrame(opcode: number, payload: Buffer, isFinal = true): Buffer {
  const first = (isFinal ? 0x80 : 0) | opcode;
  const mask = randomBytes(4);
  const masked = payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0));
  return Buffer.concat([Buffer.of(first), lengthOf(payload.length), mask, masked]);
}

function lengthOf(bytes: number): Buffer {
  if (bytes < 126) return Buffer.of(0x80 | bytes);
  const length = Buffer.alloc(bytes < 65_536 ? 3 : 9);
  length[0] = 0x80 | (bytes < 65_536 ? 126 : 127);
  length.writeUIntBE(bytes, length.length - (bytes < 65_536 ? 2 : 6), bytes < 65_536 ? 2 : 6);
  return length;
}

/** The broker's first frame, if all of it is there. A server's frames are not masked, and ours never in parts. */
function readFrame(bytes: Buffer) {
  const [first = 0, second = 0] = bytes;
  const headBytes = second === 126 ? 4 : second === 127 ? 10 : 2;
  if (bytes.length < headBytes) return undefined;
  const long =
    headBytes === 10 ? Number(bytes.readBigUInt64BE(2)) : bytes.readUInt16BE(headBytes - 2);
  const end = headBytes + (second < 126 ? second : long);
  if (bytes.length < end) return undefined;
  if ((first & 0xf0) !== 0x80) throw new Error('The broker sent a frame in parts.');
  return { opcode: first & 0x0f, payload: bytes.subarray(headBytes, end), bytes: end };
}
