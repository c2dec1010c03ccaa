/** Of offers, rotations and workers that conversations have been drawn among; each takes 300 bytes or so. */
const keptMax = 32_768;
const kept = new Map<string, Uint16Array>();

/**
 * The codes of a name's characters. The same names are drawn for every conversation, and reading them out of their strings
 * takes longer than all else: the client of Redis has a kind of string of its own, which makes V8 look up each character of
 * any string the slow way.
 */
export function codesOf(name: string): Uint16Array {
  const known = kept.get(name);
  if (known) return known;
  const codes = Uint16Array.from({ length: name.length }, (_, at) => name.charCodeAt(at));
  kept.set(name, codes);
  const [oldest] = kept.keys();
  if (kept.size > keptMax && oldest !== undefined) kept.delete(oldest);
  return codes;
}
