import { readFile, writeFile } from 'node:fs/promises';

const begin = '<!-- measured: begin -->';
const end = '<!-- measured: end -->';

/** Puts text between the two marks of a page; what a person has written around them stays. */
export function betweenMarks(page: string, text: string): string {
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`The page lacks ${begin} and ${end}, in this order.`);
  return `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`;
}

export async function writeBetweenMarks(path: string, text: string): Promise<void> {
  await writeFile(path, betweenMarks(await readFile(path, 'utf8'), text));
}
