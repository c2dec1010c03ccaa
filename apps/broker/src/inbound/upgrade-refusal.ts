import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

type Refusal = Readonly<{ status: 401 | 403 | 404 | 429 | 503; waitMs?: number | undefined }>;

/** What a stranger is told: nothing of what was wrong. */
const words = {
  401: ['registration_rejected', 'registration rejected'],
  403: ['registration_rejected', 'registration rejected'],
  404: ['not_found', 'There is nothing at this address.'],
  429: ['too_many_attempts', 'registration rejected'],
  503: ['unavailable', 'Try again later.'],
} as const satisfies Record<Refusal['status'], readonly [code: string, message: string]>;

export function refusalBody(status: Refusal['status']) {
  const [code, message] = words[status];
  return { error: { code, message } };
}

/** How long a stranger may take to hang up after its answer. */
const hangUpMsMax = 2_000;

/** Answers an upgrade with plain HTTP and closes, whether the other side does so or not. */
export function writeRefusal(socket: Duplex, { status, waitMs }: Refusal): void {
  const body = JSON.stringify(refusalBody(status));
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
    ...(waitMs === undefined ? [] : [`retry-after: ${Math.max(1, Math.ceil(waitMs / 1000))}`]),
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
  // Nobody reads this socket any more, and one that is not read does not notice that its peer has gone.
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), hangUpMsMax);
  socket.once('close', () => clearTimeout(timer));
}
