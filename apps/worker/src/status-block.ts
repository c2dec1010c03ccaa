import { printable } from './log.js';
import type { MarketStatus, RequestStatus, Status, UpstreamStatus } from './status.js';

/** The worker's state in a few lines, each no wider than the terminal. */
export function statusBlock(
  title: string,
  status: Status,
  nowMs: number,
  columns: number,
): readonly string[] {
  const { market, upstream, requests } = status;
  const next = upstream.next ?? market.next;
  const lines = [
    title,
    row('market', marketLine(market, nowMs)),
    row('upstream', upstreamLine(upstream)),
    row('on sale', saleLine(market, upstream)),
    row('requests', requestLine(requests)),
    row('speed', speedLine(requests)),
    ...(next === undefined ? [] : [row('do next', next)]),
  ];
  return lines.map((line) => cut(printable(line), columns));
}

function row(name: string, text: string): string {
  return `${name.padEnd(9)} ${text}`;
}

function marketLine(market: MarketStatus, nowMs: number): string {
  const { state, url, session, sinceMs, retryAtMs, reason } = market;
  const forTime = duration(nowMs - sinceMs);
  switch (state) {
    case 'connecting':
      return `○ connecting to ${url}`;
    case 'connected':
      return `● connected for ${forTime} to ${url}, session ${session ?? 'unknown'}`;
    case 'waiting':
      return `✗ ${reason ?? 'not connected'} (again in ${duration((retryAtMs ?? nowMs) - nowMs)})`;
    case 'leaving':
      return '○ leaving: finishing what runs';
  }
}

function upstreamLine({ health, url, reason }: UpstreamStatus): string {
  if (health === 'up') return `● ${url}`;
  return health === 'down' ? `✗ ${url}: ${reason ?? 'no answer'}` : `○ asking ${url}`;
}

function saleLine({ state }: MarketStatus, { models }: UpstreamStatus): string {
  if (models.length === 0 || state === 'leaving') return 'nothing';
  const prefix = state === 'connected' ? '' : 'nothing until connected; then ';
  return `${prefix}${models.length}: ${models.join(', ')}`;
}

function requestLine({ running, placesMax, served, failed, cancelled }: RequestStatus): string {
  const hungUp = cancelled === 0 ? '' : ` · ${cancelled} cancelled`;
  return `${running} of ${placesMax} running · ${served} served · ${failed} failed${hungUp}`;
}

function speedLine({ tokensPerSecond, tokens }: RequestStatus): string {
  const speed = tokensPerSecond < 10 ? tokensPerSecond.toFixed(1) : tokensPerSecond.toFixed(0);
  return `${speed} tokens/s now · ${tokens.toLocaleString('en')} tokens in all`;
}

function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}

/** A line that wraps would make the block taller than what is erased later. */
function cut(line: string, columns: number): string {
  const room = Math.max(20, columns) - 2;
  let width = 0;
  let text = '';
  for (const character of line) {
    // From Hangul on, a character may take the place of two.
    width += (character.codePointAt(0) ?? 0) >= 0x1100 && !/[‐-⯿]/u.test(character) ? 2 : 1;
    if (width > room) return `${text}…`;
    text += character;
  }
  return text;
}
