import type { PrivateKind } from '@aisbf/contracts';
import { ibanLength, isIban } from './checksum.js';
import { type CodedText, codeAt, codedText } from './coded-text.js';
import { isNationalLength, isNationalWord, nationalDigitAt } from './national-id.js';
import { findNumbers, isDigit } from './number-run.js';
import { isSecretName, isSecretValue, isSecretWord, secretLengthMin } from './secret-word.js';

const domainLengthMax = 255;
/** What is longer is a file, and not looked at. */
const wordLengthMax = 512;
const secretNameLengthMax = 64;

/**
 * What a text holds that is not for everybody's eyes. Each place is looked at a bounded number of times,
 * whatever the text is: nobody can make this slow.
 */
export function privateKinds(pieces: readonly string[]): readonly PrivateKind[] {
  const found = new Set<PrivateKind>();
  for (const text of pieces) {
    const coded = codedText(text);
    if (hasPrivateKey(text)) found.add('private_key');
    findWords(coded, found);
    findAddresses(text, found);
    findNumbers(coded, found);
  }
  return [...found].sort();
}

function hasPrivateKey(text: string): boolean {
  const begin = '-----BEGIN ';
  for (let at = text.indexOf(begin); at >= 0; at = text.indexOf(begin, at + begin.length)) {
    if (text.slice(at, at + 64).includes('PRIVATE KEY')) return true;
  }
  return text.includes('PuTTY-User-Key-File-');
}

/** Letters, digits, `-` and `_`. For every code there is, so that looking one up is never out of bounds. */
const isWordCode = new Uint8Array(65_536);
for (let code = 0; code < 128; code += 1) {
  isWordCode[code] = /[\w-]/.test(String.fromCharCode(code)) ? 1 : 0;
}

/** The place of a word, and whether a name of a secret stands before it. */
type Word = Readonly<{ start: number; end: number; isValue: boolean }>;

function findWords(coded: CodedText, found: Set<PrivateKind>): void {
  const { codes } = coded;
  let isValue = false;
  let start = 0;
  // The place behind the last is in no word, so that every word has ended there.
  for (let at = 0; at < codes.length; at += 1) {
    if (isWordCode[codes[at] as number] === 1) continue;
    if (at > start) isValue = readWord(coded, { start, end: at, isValue }, found);
    start = at + 1;
  }
}

/** Gives whether the next word is the value of a secret. */
function readWord(coded: CodedText, word: Word, found: Set<PrivateKind>): boolean {
  const { start, end, isValue } = word;
  const { text } = coded;
  const length = end - start;
  if (length < 3 || length > wordLengthMax) return false;
  const isLong = length >= secretLengthMin;
  if ((isLong || isValue) && isSecret(text.slice(start, end), isValue)) found.add('api_key');
  if (mayBeNational(coded, start, length) && isNationalWord(text.slice(start, end))) {
    found.add('national_id');
  }
  if (isDigit(codeAt(coded, start + 2)) && startsIban(coded, start)) found.add('iban');
  return isNameOfValue(coded, start, end);
}

/** Looked at before anything is cut out of the text: hardly any word is one. */
function mayBeNational(coded: CodedText, start: number, length: number): boolean {
  return isNationalLength(length) && isDigit(codeAt(coded, start + nationalDigitAt));
}

function isSecret(word: string, isValue: boolean): boolean {
  return isSecretWord(word) || (isValue && isSecretValue(word));
}

/** `"token": "`, `TOKEN=`, `Bearer `: what comes next is meant to stay secret. */
function isNameOfValue(coded: CodedText, start: number, end: number): boolean {
  const { text } = coded;
  if (end - start > secretNameLengthMax) return false;
  if (end - start === 6 && (codeAt(coded, start) | 32) === 98) {
    return isSecretName(text.slice(start, end));
  }
  const isAssigned = isAssignment(
    codeAt(coded, isQuoteOrSpace(codeAt(coded, end)) ? end + 1 : end),
  );
  return isAssigned && isSecretName(text.slice(start, end));
}

/** `"`, `'` or a space. */
function isQuoteOrSpace(code: number): boolean {
  return code === 34 || code === 39 || code === 32;
}

/** `:` or `=`. */
function isAssignment(code: number): boolean {
  return code === 58 || code === 61;
}

/** Groups of four with spaces between them, or none. */
function startsIban(coded: CodedText, start: number): boolean {
  const { text } = coded;
  if (!isUpper(codeAt(coded, start))) return false;
  const length = ibanLength(text.slice(start, start + 2));
  if (length === undefined) return false;
  let count = 0;
  let at = start;
  for (; count < length && at < text.length; at += 1) {
    const code = codeAt(coded, at);
    if (isDigit(code) || isUpper(code)) count += 1;
    else if (code !== 32 || count % 4 !== 0) return false;
  }
  const isEnd = isWordCode[codeAt(coded, at)] !== 1;
  return count === length && isEnd && isIban(text.slice(start, at).replaceAll(' ', ''));
}

function isUpper(code: number): boolean {
  return code >= 65 && code <= 90;
}

/** E-mail addresses, and addresses of servers with a password in them. */
function findAddresses(text: string, found: Set<PrivateKind>): void {
  let last = -1;
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    // Back to the one before at most, so that a text of nothing else takes no longer.
    const before = text.slice(Math.max(last + 1, at - domainLengthMax), at);
    if (hasPassword(before)) found.add('api_key');
    else if (endsName(before) && startsDomain(text, at + 1)) found.add('email');
    last = at;
  }
}

/** Letters beyond ASCII are as good. */
function endsName(before: string): boolean {
  return /[^\s\p{P}\p{S}]|[_%+-]/u.test(before.slice(-1));
}

function hasPassword(before: string): boolean {
  const scheme = before.lastIndexOf('://');
  if (scheme < 0) return false;
  const login = before.slice(scheme + 3);
  const colon = login.indexOf(':');
  return colon >= 0 && colon < login.length - 1 && !/[\s/]/.test(login);
}

function startsDomain(text: string, start: number): boolean {
  let end = start;
  while (end < text.length && end - start < domainLengthMax && isDomainCode(text.charCodeAt(end))) {
    end += 1;
  }
  const labels = text
    .slice(start, end)
    .replace(/[.-]+$/, '')
    .split('.');
  return (
    labels.length >= 2 &&
    labels.every((label) => label !== '') &&
    /^[A-Za-z]{2,24}$/.test(labels.at(-1) ?? '')
  );
}

/** Letters, digits, `-` and `.`. */
function isDomainCode(code: number): boolean {
  return code === 46 || (code !== 95 && isWordCode[code] === 1);
}
