/** More instances than one installation ever runs at once. */
const peersMax = 256;

/** The other instances that live, by their beats. */
export class LivePeers {
  private readonly heardAtMs = new Map<string, number>();

  constructor(
    private readonly silenceMsMax: number,
    private readonly nowMs: () => number,
  ) {}

  heard(brokerId: string): void {
    this.heardAtMs.delete(brokerId);
    this.heardAtMs.set(brokerId, this.nowMs());
    const [silent] = this.heardAtMs.keys();
    if (this.heardAtMs.size > peersMax && silent !== undefined) this.heardAtMs.delete(silent);
  }

  living(): readonly string[] {
    const nowMs = this.nowMs();
    return [...this.heardAtMs]
      .filter(([, heardAtMs]) => nowMs - heardAtMs <= this.silenceMsMax)
      .map(([brokerId]) => brokerId);
  }
}
