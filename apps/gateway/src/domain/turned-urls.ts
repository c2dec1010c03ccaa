import { fileTarget, isOfWorker, relativeTarget } from './worker-address.js';

/** Where the buyer gets what lies at a worker under this target. */
export type PublicUrlOf = (target: string) => string;

/** Without a scheme only what is an address beyond doubt: pictures in base64 are full of slashes. */
const absolute =
  /(?:\b(?:https?|wss?|ftp|file):\/\/|\/\/(?=(?:localhost|\d+\.\d+\.\d+\.\d+|\[[\da-f:.]+\])(?:[:/]|$)))[^\s"'<>\\^`{|}]*/gi;
/** An address of the house without anything before it, as log lines have them. */
const bare =
  /\b(?:localhost|127\.\d+\.\d+\.\d+|10\.\d+\.\d+\.\d+|192\.168\.\d+\.\d+|172\.(?:1[6-9]|2\d|3[01])\.\d+\.\d+|0\.0\.0\.0):\d{1,5}[^\s"'<>\\^`{|}]*/gi;

/**
 * An answer's text with every address of the worker's own machine replaced: by one of ours where a file lies behind it,
 * else by nothing. All else stays as it was written, byte by byte; JSON stays JSON.
 */
export function turnUrls(text: string, publicUrlOf: PublicUrlOf): string {
  const pieces: string[] = [];
  let at = 0;
  while (at < text.length) {
    const opening = text.indexOf('"', at);
    const closing = opening < 0 ? -1 : closingQuote(text, opening);
    if (closing < 0) break;
    const literal = text.slice(opening, closing + 1);
    pieces.push(turnPlain(text.slice(at, opening), publicUrlOf));
    pieces.push(turnLiteral(literal, isKey(text, closing + 1), publicUrlOf));
    at = closing + 1;
  }
  pieces.push(turnPlain(text.slice(at), publicUrlOf));
  return pieces.join('');
}

function turnLiteral(literal: string, isName: boolean, publicUrlOf: PublicUrlOf): string {
  if (!mayHoldUrl(literal)) return literal;
  const value = parsed(literal);
  if (value === undefined) return turnPlain(literal, publicUrlOf);
  const target = relativeTarget(value);
  if (target !== undefined) return JSON.stringify(publicUrlOf(target));
  const turned = turnPlain(value, publicUrlOf);
  if (turned === value) return literal;
  return turned === '' && !isName ? 'null' : JSON.stringify(turned);
}

/** Most of an answer is pictures in base64, which have none of these: they are not looked through. */
function mayHoldUrl(literal: string): boolean {
  return /^"\/?v1\//.test(literal) || ['\\', ...marks].some((mark) => literal.includes(mark));
}

const marks = [':', '//localhost', '//1', '//2', '//['];

function turnPlain(text: string, publicUrlOf: PublicUrlOf): string {
  const turn = (found: string): string => {
    const url = URL.parse(found, 'http://worker');
    if (!url) return '';
    if (url.protocol !== 'file:' && !isOfWorker(url.hostname)) return found;
    const target = /^https?:$/.test(url.protocol) ? fileTarget(url) : undefined;
    return target === undefined ? '' : publicUrlOf(target);
  };
  if (!marks.some((mark) => text.includes(mark))) return text;
  return text
    .replaceAll(absolute, turn)
    .replaceAll(bare, (found, offset: number, whole: string) =>
      isWithinUrl(whole, offset) ? found : turn(`http://${found}`),
    );
}

/** What an address of somebody else holds is not ours to change. */
function isWithinUrl(text: string, offset: number): boolean {
  const [word = ''] = /\S*$/.exec(text.slice(Math.max(0, offset - 512), offset)) ?? [];
  return word.includes('://');
}

/** Where a literal ends that begins here; -1 where it does not. */
function closingQuote(text: string, opening: number): number {
  for (let at = text.indexOf('"', opening + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (text[at - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return at;
  }
  return -1;
}

function isKey(text: string, from: number): boolean {
  let at = from;
  while (/\s/.test(text[at] ?? 'x')) at += 1;
  return text[at] === ':';
}

function parsed(literal: string): string | undefined {
  try {
    return JSON.parse(literal) as string;
  } catch {
    // Quotes around something that is no JSON.
    return undefined;
  }
}
