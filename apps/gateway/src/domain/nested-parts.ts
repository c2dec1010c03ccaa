/** A part of a file: what it is, and where its content begins and how long that is. */
export type Part<Kind> = Readonly<{ kind: Kind; bytes: number; at: number }>;

/**
 * Walks through a file whose parts hold others. Takes it in pieces of any size, keeps of it what is not read yet, and reads
 * it once.
 */
export abstract class NestedParts<Kind> {
  private rest: Buffer = Buffer.alloc(0);
  private skipped = 0;
  private hasBegun = false;
  private isBroken = false;

  /** False: there is nothing more to be read. */
  push(piece: Uint8Array): boolean {
    if (this.isBroken) return false;
    this.rest = this.rest.length === 0 ? Buffer.from(piece) : Buffer.concat([this.rest, piece]);
    let at = this.skip(0);
    for (let part = this.partAt(this.rest, at); part; part = this.partAt(this.rest, at)) {
      if (part === 'unreadable' || !(this.hasBegun || this.mayBegin(part.kind))) {
        this.isBroken = true;
        return false;
      }
      this.hasBegun = true;
      const next = this.enter(part);
      if (next === undefined) break;
      at = next;
    }
    this.rest = this.rest.subarray(at);
    return true;
  }

  /** Undefined where not all of its head is there. */
  protected abstract partAt(bytes: Buffer, at: number): Part<Kind> | 'unreadable' | undefined;
  protected abstract mayBegin(kind: Kind): boolean;
  /** Whether whatever is in it comes next. */
  protected abstract opens(kind: Kind): boolean;
  /** How much of its content is read; undefined where that is nothing. */
  protected abstract wanted(part: Part<Kind>): number | undefined;
  protected abstract take(kind: Kind, content: Buffer): void;

  /** Where what comes after it begins; undefined where more of it has to be there first. */
  private enter(part: Part<Kind>): number | undefined {
    const { kind, bytes, at } = part;
    if (this.opens(kind)) return at;
    const wanted = this.wanted(part);
    if (wanted !== undefined && this.rest.length < at + wanted) return undefined;
    if (wanted !== undefined) this.take(kind, this.rest.subarray(at, at + wanted));
    this.skipped = bytes;
    return this.skip(at);
  }

  private skip(at: number): number {
    const there = Math.min(this.skipped, this.rest.length - at);
    this.skipped -= there;
    return at + there;
  }
}
