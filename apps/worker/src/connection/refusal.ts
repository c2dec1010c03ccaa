import type { IncomingMessage } from 'node:http';
import { printable } from '../log.js';
import type { SessionEnding } from './session-ending.js';

/** A refusal is one sentence; whatever is longer is a page of some proxy. */
const bodyCharsMax = 4_096;
const shownCharsMax = 300;
const bodyMsMax = 5_000;

/** Reads why the market answered the upgrade with a plain HTTP answer. Never rejects. */
export async function readRefusal(response: IncomingMessage): Promise<SessionEnding> {
  const timer = setTimeout(() => response.destroy(), bodyMsMax);
  let body = '';
  response.setEncoding('utf8');
  try {
    for await (const part of response) {
      body += part;
      if (body.length > bodyCharsMax) break;
    }
  } catch {
    // Half a reason is better than none, and the status says the most of it.
  }
  clearTimeout(timer);
  const retryAfterSeconds = Number(response.headers['retry-after']);
  return {
    kind: 'refused',
    httpStatus: response.statusCode ?? 0,
    message: refusalMessage(body) || (response.statusMessage ?? ''),
    retryAfterMs: retryAfterSeconds > 0 ? retryAfterSeconds * 1000 : undefined,
  };
}

/** The code and message of `{"error":{"code","message"}}`, or the start of whatever else came. */
export function refusalMessage(body: string): string {
  return printable(messageInJson(body) ?? body).slice(0, shownCharsMax);
}

function messageInJson(body: string): string | undefined {
  try {
    const json: unknown = JSON.parse(body);
    const hasError = typeof json === 'object' && json !== null && 'error' in json;
    const error: unknown = hasError ? json.error : undefined;
    if (typeof error === 'string') return error;
    if (typeof error !== 'object' || error === null) return undefined;
    const code = 'code' in error && typeof error.code === 'string' ? `${error.code}: ` : '';
    return 'message' in error && typeof error.message === 'string'
      ? code + error.message
      : undefined;
  } catch {
    // A page or a plain sentence: shown as it is.
    return undefined;
  }
}
