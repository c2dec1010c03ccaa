import type { PrivateKind } from '@aisbf/contracts';
import { luhn } from './checksum.js';
import { type CodedText, codeAt } from './coded-text.js';
import { isNationalNumber } from './national-id.js';

type Run = Readonly<{ groups: readonly string[]; separators: string; hasPlus: boolean }>;

/** Numbers of more groups than this are a table, in which only cards are looked for. */
const groupsMax = 12;
const digitsMax = 64;
/** No phone and nobody's number is shorter, and most numbers of a text are. */
const digitsLeast = 8;
const cardDigitsLeast = 13;
const cardShapes: ReadonlySet<string> = new Set(['4-4-4-4', '4-4-4-4-3', '4-6-5', '4-6-4']);

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** Space, ( ) - . / */
const isSeparator = (code: number) =>
  code === 32 || code === 40 || code === 41 || (code >= 45 && code <= 47);
const isWordPart = (code: number) =>
  isDigit(code) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95;

/** Finds phone numbers, cards and numbers of persons among the digits of a text. */
export function findNumbers(coded: CodedText, found: Set<PrivateKind>): void {
  const { codes } = coded;
  for (let at = 0; at < codes.length; at += 1) {
    if (!isDigit(codes[at] as number)) continue;
    if (at > 0 && isWordPart(codeAt(coded, at - 1))) at = skipDigits(coded, at);
    else {
      const { end, digits } = spanOf(coded, at);
      // Most numbers are too short to be anybody's: only their digits are counted.
      if (digits >= digitsLeast) readRun(coded, { start: at, digits }, found);
      at = end;
    }
  }
}

function skipDigits(coded: CodedText, start: number): number {
  let at = start;
  while (isDigit(codeAt(coded, at))) at += 1;
  return at;
}

/** From a first digit on over single separators: how many digits, and the place behind the last. */
function spanOf(coded: CodedText, start: number): Readonly<{ end: number; digits: number }> {
  let digits = 0;
  let at: number | undefined = start;
  let end = start;
  while (at !== undefined) {
    end = skipDigits(coded, at);
    digits += end - at;
    at = nextDigit(coded, end);
  }
  return { end, digits };
}

/** Reads the groups of such a run. */
function readRun(
  coded: CodedText,
  { start, digits }: Readonly<{ start: number; digits: number }>,
  found: Set<PrivateKind>,
): void {
  const { text } = coded;
  const groups: string[] = [];
  let separators = '';
  let isTable = false;
  let at = start;
  for (;;) {
    const end = skipDigits(coded, at);
    // Longer than any number that is looked for: what it is does not depend on the rest.
    groups.push(text.slice(at, Math.min(end, at + digitsMax)));
    if (digits >= cardDigitsLeast && isCard(groups)) found.add('card');
    if (groups.length > groupsMax) {
      groups.shift();
      isTable = true;
    }
    const next = nextDigit(coded, end);
    if (next === undefined) {
      const hasPlus = start > 0 && text[start - 1] === '+';
      // A letter behind it makes it a part of a word.
      if (!isTable && !isWordPart(codeAt(coded, end))) {
        judge({ groups, separators, hasPlus }, found);
      }
      return;
    }
    separators += text.slice(end, next);
    at = next;
  }
}

/** One separator, or a parenthesis and a space, may stand between two groups. */
function nextDigit(coded: CodedText, end: number): number | undefined {
  for (let at = end; at < end + 3; at += 1) {
    const code = codeAt(coded, at);
    if (isDigit(code)) return at === end ? undefined : at;
    if (!isSeparator(code)) return undefined;
  }
  return undefined;
}

function judge(run: Run, found: Set<PrivateKind>): void {
  if (digitsOf(run.groups) < digitsLeast) return;
  if (isNationalNumber(run.groups)) found.add('national_id');
  else if (isPhone(run)) found.add('phone');
}

function digitsOf(groups: readonly string[]): number {
  let count = 0;
  for (const { length } of groups) count += length;
  return count;
}

/** Only the last groups: those before were looked at when they were the last. */
function isCard(groups: readonly string[]): boolean {
  const last = groups.at(-1) ?? '';
  if (last.length >= cardDigitsLeast) return isCardNumber(last);
  if (last.length < 3 || last.length > 5 || groups.length < 3) return false;
  return [3, 4, 5].some((count) => {
    // Each of the shapes begins so.
    if (groups.at(-count)?.length !== 4) return false;
    const some = groups.slice(-count);
    const isShaped = cardShapes.has(some.map(({ length }) => length).join('-'));
    return isShaped && isCardNumber(some.join(''));
  });
}

function isCardNumber(digits: string): boolean {
  if (digits.length < cardDigitsLeast || digits.length > 19) return false;
  return /^(3[4-9]|4|5[1-5]|2[2-7]|6)/.test(digits) && luhn(digits);
}

/** International with its plus, North American by its groups, or national with a zero before it. */
function isPhone({ groups, separators, hasPlus }: Run): boolean {
  const { length } = groups.join('');
  if (hasPlus) return length >= 8 && length <= 15;
  const shape = groups.map((group) => group.length).join('-');
  if (/^(1-)?3-3-4$/.test(shape)) return !/^[01]/.test(groups.at(-3) ?? '');
  const isNational = /^0[1-9]/.test(groups[0] ?? '') && !separators.includes('.');
  return isNational && groups.length >= 2 && groups.length <= 6 && length >= 9 && length <= 12;
}
