import { luhn, weighted } from './checksum.js';

/**
 * Numbers that a state gives a person, by their own checksums; a US social security number has none, and
 * is told by its dashes. Those that any number of nine digits could be are not looked for.
 */

/** A run of digits in groups, as people write them. */
export function isNationalNumber(groups: readonly string[]): boolean {
  const digits = groups.join('');
  const shape = groups.map(({ length }) => length).join('-');
  switch (digits.length) {
    case 9:
      return shape === '3-2-4' && isSocialSecurity(groups);
    case 10:
      return shape === '6-4' && isMonthAndDay(digits.slice(2, 6)) && luhn(digits);
    case 11:
      return (shape === '11' && isPesel(digits)) || (/^(11|3-3-3-2)$/.test(shape) && isCpf(digits));
    case 15:
      return isFrench(digits);
    case 18:
      return shape === '18' && isChinese(digits);
    default:
      return false;
  }
}

/** Whatever else they are made of, the words among these numbers have a digit there. */
export const nationalDigitAt = 7;

export function isNationalLength(length: number): boolean {
  return length === 9 || length === 16 || length === 18;
}

/** Letters and digits without a gap. */
export function isNationalWord(word: string): boolean {
  switch (word.length) {
    case 9:
      return isSpanish(word);
    case 16:
      return isItalian(word);
    case 18:
      return isChinese(word);
    default:
      return false;
  }
}

function isSocialSecurity([area = '', group = '', serial = '']: readonly string[]): boolean {
  const isArea = area !== '000' && area !== '666' && !area.startsWith('9');
  return isArea && group !== '00' && serial !== '0000';
}

function isMonthAndDay(text: string): boolean {
  const [month, day] = [Number(text.slice(0, 2)), Number(text.slice(2, 4))];
  return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

/** Poland; the month carries the century. */
function isPesel(digits: string): boolean {
  const month = Number(digits.slice(2, 4)) % 20;
  const day = Number(digits.slice(4, 6));
  if (month < 1 || month > 12 || day < 1 || day > 31) return false;
  const sum = weighted(digits, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]);
  return (10 - (sum % 10)) % 10 === Number(digits[10]);
}

/** Brazil. */
function isCpf(digits: string): boolean {
  if (/^(\d)\1*$/.test(digits)) return false;
  const check = (weights: readonly number[]) => ((weighted(digits, weights) * 10) % 11) % 10;
  const first = check([10, 9, 8, 7, 6, 5, 4, 3, 2]);
  const second = check([11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
  return first === Number(digits[9]) && second === Number(digits[10]);
}

/** France: sex, year, month, and 97 less the rest by 97. */
function isFrench(digits: string): boolean {
  const month = Number(digits.slice(3, 5));
  if (!/^[12]/.test(digits) || month < 1 || month > 12) return false;
  return 97n - (BigInt(digits.slice(0, 13)) % 97n) === BigInt(digits.slice(13));
}

/** China; the last may be an X. */
function isChinese(word: string): boolean {
  if (!/^\d{17}[\dX]$/.test(word) || !isMonthAndDay(word.slice(10, 14))) return false;
  const sum = weighted(word, [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
  return '10X98765432'[sum % 11] === word[17];
}

/** Spain: of citizens eight digits and a letter, of foreigners one of X, Y, Z in place of the first. */
function isSpanish(word: string): boolean {
  if (!/^[XYZ\d]\d{7}[A-Z]$/.test(word)) return false;
  const number = Number(
    word.slice(0, 8).replace(/^[XYZ]/, (first) => String('XYZ'.indexOf(first))),
  );
  return 'TRWAGMYFPDXBNJZSQVHLCKE'[number % 23] === word[8];
}

const italianOdd = [
  1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
];

/** Italy: characters in odd places count by a table, the others by themselves. */
function isItalian(word: string): boolean {
  if (!/^[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]$/.test(word)) return false;
  let sum = 0;
  for (let at = 0; at < 15; at += 1) {
    const value = Number.parseInt(word[at] ?? '0', 36);
    const place = value > 9 ? value - 10 : value;
    sum += at % 2 === 0 ? (italianOdd[place] ?? 0) : place;
  }
  return String.fromCharCode(65 + (sum % 26)) === word[15];
}
