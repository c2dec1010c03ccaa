/** So many characters in a row that stand in a secret are taken for a quote of it. */
const quoteLength = 8;

/**
 * A text with every quote of a secret taken out: whole or in part, as it is or as JSON, URLs, base64 or hex write it.
 * Servers like to quote the key that they refuse, each in its own way.
 */
export function redacted(text: string, secret: string, mark = '[redacted]'): string {
  if (secret === '') return text;
  const writings = writingsOf(secret);
  const whole = writings.reduce((left, writing) => left.replaceAll(writing, mark), text);
  const parts = new Set(writings.flatMap(partsOf));
  return withoutParts(whole, parts, mark);
}

/** One pass: each run of characters that parts of the secret cover becomes one mark. */
function withoutParts(text: string, parts: ReadonlySet<string>, mark: string): string {
  const isPartAt = (at: number) => parts.has(text.slice(at, at + quoteLength));
  let result = '';
  let at = 0;
  while (at < text.length) {
    if (!isPartAt(at)) {
      result += text[at];
      at += 1;
      continue;
    }
    while (isPartAt(at)) at += 1;
    // The last part reaches beyond where it begins.
    at += quoteLength - 1;
    result += mark;
  }
  return result;
}

function partsOf(writing: string): readonly string[] {
  return Array.from({ length: Math.max(0, writing.length - quoteLength + 1) }, (_, at) =>
    writing.slice(at, at + quoteLength),
  );
}

function writingsOf(secret: string): readonly string[] {
  const inJson = JSON.stringify(secret).slice(1, -1);
  const inUrl = encodeURIComponent(secret.toWellFormed());
  const hex = Buffer.from(secret).toString('hex');
  const writings = [
    secret,
    inJson,
    JSON.stringify(inJson).slice(1, -1),
    inJson.replaceAll('/', '\\/'),
    inUrl,
    inUrl.replaceAll(/%../g, (code) => code.toLowerCase()),
    new URLSearchParams({ '': secret }).toString().slice(1),
    hex,
    hex.toUpperCase(),
    ...[0, 1, 2].flatMap((offset) => {
      const core = base64CoreOf(secret, offset);
      return [core, core.replaceAll('+', '-').replaceAll('/', '_')];
    }),
  ];
  // The longest first: a whole one is not to be cut up by a shorter one in it.
  return [...new Set(writings)]
    .filter((writing) => writing !== '')
    .sort((one, other) => other.length - one.length);
}

/** The characters of a longer text's base64 that a part of it alone decides, behind so many bytes modulo 3. */
function base64CoreOf(part: string, offset: number): string {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(part)]);
  const [from, to] = [Math.ceil((offset * 8) / 6), Math.floor((bytes.length * 8) / 6)];
  const core = bytes.toString('base64').slice(from, to);
  // Of a secret of a few bytes any text may hold so little.
  return core.length < quoteLength ? '' : core;
}
