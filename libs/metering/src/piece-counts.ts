/** Pieces of one generation: what people write is mostly these many words again and again. */
const generationMax = 4_096;
/** Longer pieces are rare, and each seldom comes again. */
const lengthMax = 32;

/**
 * How many tokens the pieces of texts have that came lately. The vocabulary itself is a table of two hundred thousand
 * entries, each look into which is one into memory that no processor keeps near: ten times what a word costs here.
 * When a generation is full the one before it is forgotten, so that what comes often stays.
 */
export class PieceCounts {
  private recent = new Map<string, number>();
  private older = new Map<string, number>();

  constructor(private readonly count: (piece: string) => number) {}

  of(piece: string): number {
    const known = this.recent.get(piece);
    if (known !== undefined) return known;
    const count = this.older.get(piece) ?? this.count(piece);
    if (piece.length <= lengthMax) this.keep(piece, count);
    return count;
  }

  private keep(piece: string, count: number): void {
    if (this.recent.size >= generationMax) {
      this.older = this.recent;
      this.recent = new Map();
    }
    this.recent.set(piece, count);
  }
}
