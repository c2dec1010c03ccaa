/** Something that must not get out, under a name that may be shown. */
export type Canary = Readonly<{
  name: string;
  text: string;
}>;

export type Leak = Readonly<{ canary: string; place: string; around: string }>;

/** Any part of a secret that is at least this long holds one of its pieces, less one character twice. */
const pieceLength = 12;
const aroundLength = 60;

type Needles = Readonly<{ canary: Canary; forms: readonly string[]; pieces: readonly Buffer[] }>;

/** Looks for canaries, whole or in part, in whatever form they may have been written. */
export class CanarySearch {
  private readonly needles: readonly Needles[];

  constructor(canaries: readonly Canary[]) {
    this.needles = canaries.map((canary) => {
      const pieces = piecesOf(canary.text);
      return {
        canary,
        forms: [...new Set(pieces.flatMap(formsOf))],
        pieces: pieces.map((piece) => Buffer.from(piece)),
      };
    });
  }

  /** The canaries in a text but for those that are expected there, each once. */
  inText(place: string, text: string, expected: readonly string[] = []): readonly Leak[] {
    return this.needles.flatMap(({ canary, forms }) => {
      const form = forms.find((one) => text.includes(one));
      if (form === undefined || expected.includes(canary.name)) return [];
      return [{ canary: canary.name, place, around: aroundIn(text, text.indexOf(form)) }];
    });
  }

  /** The canaries in a file of a server's own form: as they are written, not in disguise. */
  inBytes(place: string, bytes: Buffer): readonly Leak[] {
    return this.needles.flatMap(({ canary, pieces }) => {
      const piece = pieces.find((one) => bytes.includes(one));
      if (piece === undefined) return [];
      const around = aroundIn(bytes.toString('latin1'), bytes.indexOf(piece));
      return [{ canary: canary.name, place, around }];
    });
  }
}

function aroundIn(text: string, at: number): string {
  return text.slice(Math.max(0, at - aroundLength), at + 2 * aroundLength);
}

/** Parts that do not overlap, and the end: a secret that was cut short is found by them. */
export function piecesOf(text: string): readonly string[] {
  if (text.length < 2 * pieceLength) return [text];
  const pieces: string[] = [];
  for (let at = 0; at + pieceLength <= text.length; at += pieceLength) {
    pieces.push(text.slice(at, at + pieceLength));
  }
  return [...pieces, text.slice(-pieceLength)];
}

/** How a text reads after it went through the usual encodings, each once, JSON also twice. */
export function formsOf(text: string): readonly string[] {
  const inJson = JSON.stringify(text).slice(1, -1);
  const inUrl = encodeURIComponent(text);
  const hex = Buffer.from(text).toString('hex');
  return [
    text,
    inJson,
    JSON.stringify(inJson).slice(1, -1),
    text.replaceAll('/', '\\/'),
    inUrl,
    inUrl.replaceAll(/%../g, (code) => code.toLowerCase()),
    new URLSearchParams({ '': text }).toString().slice(1),
    hex,
    hex.toUpperCase(),
    ...[0, 1, 2].flatMap((offset) => {
      const base64 = base64CoreOf(text, offset);
      return [base64, base64.replaceAll('+', '-').replaceAll('/', '_')];
    }),
  ];
}

/** The characters of a longer text's base64 that this part of it alone decides, behind so many bytes. */
function base64CoreOf(text: string, offset: number): string {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(text)]);
  const [from, to] = [Math.ceil((offset * 8) / 6), Math.floor((bytes.length * 8) / 6)];
  return bytes.toString('base64').slice(from, to);
}
