/** Puts another value into the top-level `model` of a JSON object. */
export function replaceModel(text: string, model: string): string {
  return replaceMember(text, 'model', model);
}

/**
 * Puts another value into a top-level member of a JSON object, and leaves every other byte as it was: parsing and
 * writing anew would lose large numbers, repeated keys and the sender's own spelling.
 * The text must have been parsed as an object before. Without such a member it stays as it is.
 */
export function replaceMember(
  text: string,
  name: string,
  value: string | readonly unknown[],
): string {
  const json = JSON.stringify(value);
  let result = '';
  let copiedTo = 0;
  for (const { start, end } of topLevelValues(text, name)) {
    result += text.slice(copiedTo, start) + json;
    copiedTo = end;
  }
  return result + text.slice(copiedTo);
}

/** Takes top-level members out of a JSON object. Every other byte of a text that has none of them stays as it was. */
export function withoutMembers(text: string, names: ReadonlySet<string>): string {
  if (names.size === 0) return text;
  const members = topLevelMembers(text);
  const kept = members.filter(({ name }) => !names.has(name));
  const [first, last] = [members[0], members.at(-1)];
  if (kept.length === members.length || !first || !last) return text;
  const parts = kept.map(({ keyStart, end }) => text.slice(keyStart, end));
  return text.slice(0, first.keyStart) + parts.join(',') + text.slice(last.end);
}

/** The text of a top-level value of a JSON object, as its sender wrote it; where a key is repeated, of the last. */
export function memberText(text: string, name: string): string | undefined {
  const member = topLevelValues(text, name).at(-1);
  return member && text.slice(member.start, member.end);
}

/** Where a member stands: its key, and its value from `start` to `end`. */
type Member = Readonly<{ name: string; keyStart: number; start: number; end: number }>;

/** Where the values of one key stand; more than once where the key is repeated. */
function topLevelValues(text: string, wanted: string): readonly Member[] {
  return topLevelMembers(text).filter(({ name }) => name === wanted);
}

function topLevelMembers(text: string): readonly Member[] {
  const members: Member[] = [];
  let at = skipSpace(text, text.indexOf('{') + 1);
  while (text[at] === '"') {
    const keyEnd = stringEnd(text, at);
    const name: string = JSON.parse(text.slice(at, keyEnd));
    const start = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const end = valueEnd(text, start);
    members.push({ name, keyStart: at, start, end });
    at = skipSpace(text, end);
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return members;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (' \t\n\r'.includes(text[at] ?? 'x')) at += 1;
  return at;
}

/** Just after the closing quote of the string that starts here. */
function stringEnd(text: string, start: number): number {
  let at = start + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) throw new RangeError('not a JSON text');
    let backslashes = 0;
    while (text[quote - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return quote + 1;
    at = quote + 1;
  }
}

/** Just after the value that starts here, whatever it holds. */
function valueEnd(text: string, start: number): number {
  const first = text[start];
  if (first === '"') return stringEnd(text, start);
  if (first !== '{' && first !== '[') return scalarEnd(text, start);
  // Lists of numbers are leapt over, which may be most of a body.
  const mark = /["{}[\]]/g;
  mark.lastIndex = start;
  let depth = 0;
  do {
    const hit = mark.exec(text);
    if (!hit) throw new RangeError('not a JSON text');
    if (hit[0] === '"') mark.lastIndex = stringEnd(text, hit.index);
    else depth += hit[0] === '{' || hit[0] === '[' ? 1 : -1;
  } while (depth > 0);
  return mark.lastIndex;
}

function scalarEnd(text: string, start: number): number {
  let at = start;
  while (at < text.length && !',}] \t\n\r'.includes(text[at] ?? ',')) at += 1;
  return at;
}
