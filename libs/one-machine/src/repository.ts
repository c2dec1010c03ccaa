import { fileURLToPath } from 'node:url';

/** The checkout that this library runs from; it is the same from `src` and from `dist`. */
const root = new URL('../../../', import.meta.url);

/** An absolute path to a place in the checkout. */
export function inRepository(path: string): string {
  return fileURLToPath(new URL(path, root));
}
