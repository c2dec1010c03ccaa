/**
 * Spreads things over the slots of one round, so that each is visited once a round and no visit is long: a
 * sweep over ten thousand sockets at once would hold everything else up.
 */
export class TimerWheel<Item> {
  private readonly slots: readonly Set<Item>[];
  private nextSeat = 0;
  private position = 0;

  constructor(readonly slotCount: number) {
    this.slots = Array.from({ length: slotCount }, () => new Set<Item>());
  }

  /** Gives the function that takes it off again. */
  add(item: Item): () => void {
    const slot = this.slotAt(this.nextSeat);
    this.nextSeat = (this.nextSeat + 1) % this.slotCount;
    slot.add(item);
    return () => slot.delete(item);
  }

  /** Those whose turn it is. They may be taken off while they are gone through. */
  turn(): Iterable<Item> {
    const slot = this.slotAt(this.position);
    this.position = (this.position + 1) % this.slotCount;
    return slot;
  }

  private slotAt(index: number): Set<Item> {
    const slot = this.slots[index];
    if (!slot) throw new RangeError(`the wheel has no slot ${index}`);
    return slot;
  }
}
