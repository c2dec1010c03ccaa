import { readFile, writeFile } from 'node:fs/promises';

/** Puts text between the two marks of this name in a page; what a person has written around them stays. */
export function betweenMarks(page: string, name: string, text: string): string {
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`The page lacks ${begin} and ${end}, in this order.`);
  return `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`;
}

export async function writeBetweenMarks(path: string, name: string, text: string): Promise<void> {
  await writeFile(path, betweenMarks(await readFile(path, 'utf8'), name, text));
}
