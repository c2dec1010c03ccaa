/** A text's place among meanings, as a model sees it. */
export type Vector = readonly number[];

/** Examples of one class, as vectors. */
export type ClassVectors = Readonly<{ name: string; examples: readonly Vector[] }>;

/** Whether they can be compared: vectors of another model are of another space. */
export function isOneSpace(vectors: readonly Vector[]): boolean {
  const [first] = vectors;
  return vectors.every(({ length }) => length === first?.length);
}

/** How near a question comes to the nearest example of each class, from -1 to 1. Three digits are enough to decide by. */
export function similarities(
  asked: Vector,
  classes: readonly ClassVectors[],
): Record<string, number> {
  return Object.fromEntries(
    classes.map(({ name, examples }) => [
      name,
      rounded(Math.max(-1, ...examples.map((example) => cosine(asked, example)))),
    ]),
  );
}

/** By the largest of their figures first, so that no square is too large or too small for a number. */
function cosine(left: Vector, right: Vector): number {
  const [one, other] = [scaled(left), scaled(right)];
  let [product, ofOne, ofOther] = [0, 0, 0];
  for (const [at, figure] of one.entries()) {
    const opposite = other[at] ?? 0;
    product += figure * opposite;
    ofOne += figure * figure;
    ofOther += opposite * opposite;
  }
  const length = Math.sqrt(ofOne) * Math.sqrt(ofOther);
  return length === 0 ? 0 : Math.min(1, Math.max(-1, product / length));
}

function scaled(vector: Vector): Vector {
  const most = vector.reduce((found, figure) => Math.max(found, Math.abs(figure)), 0);
  return most === 0 ? vector : vector.map((figure) => figure / most);
}

function rounded(share: number): number {
  return Math.round(share * 1_000) / 1_000 + 0;
}
