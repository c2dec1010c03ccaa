/**
 * Members of a JSON object by their source text, exactly as it came: numbers keep every digit, which
 * parsing and writing them again would lose. Only for text that has been parsed before: of anything else
 * it makes no sense.
 */

/** The value of a member. The last one of that name counts, as in `JSON.parse`. */
export function memberText(json: string, name: string): string | undefined {
  const last = membersOf(json)
    .filter((member) => member.name === name)
    .at(-1);
  return last && json.slice(last.start, last.end);
}

/**
 * The object with another value in place of that member's: of each of that name, since not every reader
 * takes the last one.
 */
export function withMember(json: string, name: string, value: string): string {
  let text = '';
  let from = 0;
  for (const member of membersOf(json)) {
    if (member.name !== name) continue;
    text += json.slice(from, member.start) + value;
    from = member.end;
  }
  return text + json.slice(from);
}

type Member = Readonly<{ name: unknown; start: number; end: number }>;

function membersOf(json: string): readonly Member[] {
  const members: Member[] = [];
  let at = afterSpace(json, json.indexOf('{') + 1);
  while (json[at] === '"') {
    const keyEnd = stringEnd(json, at);
    const start = afterSpace(json, afterSpace(json, keyEnd) + 1);
    const end = valueEnd(json, start);
    members.push({ name: JSON.parse(json.slice(at, keyEnd)), start, end });
    at = afterSpace(json, afterSpace(json, end) + 1);
  }
  return members;
}

function afterSpace(json: string, from: number): number {
  let at = from;
  while (' \t\n\r'.includes(json[at] ?? 'end')) at += 1;
  return at;
}

/** The place behind the closing quote of the string that begins at `from`. */
function stringEnd(json: string, from: number): number {
  for (let at = json.indexOf('"', from + 1); at >= 0; at = json.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (json[at - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return at + 1;
  }
  return json.length;
}

function valueEnd(json: string, from: number): number {
  const first = json[from];
  if (first === '"') return stringEnd(json, from);
  if (first === '{' || first === '[') return bracketEnd(json, from);
  const end = /[\s,}\]]/g;
  end.lastIndex = from;
  return end.exec(json)?.index ?? json.length;
}

function bracketEnd(json: string, from: number): number {
  const mark = /["{}[\]]/g;
  mark.lastIndex = from;
  let depth = 0;
  for (let hit = mark.exec(json); hit !== null; hit = mark.exec(json)) {
    if (hit[0] === '"') mark.lastIndex = stringEnd(json, hit.index);
    else depth += hit[0] === '{' || hit[0] === '[' ? 1 : -1;
    if (depth === 0) return mark.lastIndex;
  }
  return json.length;
}
