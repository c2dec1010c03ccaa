import { parseArgs } from 'node:util';

/** What can be said to every bench. */
export type CommonFlags<Part extends string> = Readonly<{
  /** A look at whether it works: the figures mean little, and the page is left as it is. */
  isQuick: boolean;
  /** Everything that was measured, on stdout, instead of the tables. */
  isJson: boolean;
  /** Profiles of what is measured are left here. */
  profileFolder: string | undefined;
  /** Only these; the page is left as it is. */
  only: readonly Part[] | undefined;
}>;

/** Reads a bench's flags: those of all, and numbers of its own. Throws where one is unknown or makes no sense. */
export function benchFlags<Part extends string, Own extends string = never>(
  args: readonly string[],
  parts: readonly Part[],
  own: readonly Own[] = [],
): Readonly<{ common: CommonFlags<Part>; own: Readonly<Partial<Record<Own, string>>> }> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      only: { type: 'string' },
      'profile-folder': { type: 'string' },
      ...Object.fromEntries(own.map((name) => [name, { type: 'string' as const }])),
    },
  });
  const { quick, json, only, 'profile-folder': profileFolder, ...others } = values;
  return {
    common: {
      isQuick: quick,
      isJson: json,
      profileFolder,
      only: only?.split(',').map((text) => partOf(parts, text)),
    },
    own: others as Partial<Record<Own, string>>,
  };
}

export function count(flag: string, text: string, max: number): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= max) return number;
  throw new Error(`--${flag} must be a whole number from 1 to ${max}.`);
}

function partOf<Part extends string>(parts: readonly Part[], text: string): Part {
  const part = parts.find((known) => known === text);
  if (part === undefined) throw new Error(`--only takes some of ${parts.join(', ')}.`);
  return part;
}
