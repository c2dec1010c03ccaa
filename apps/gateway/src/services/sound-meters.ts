import { Log } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { MediaLength } from './media-length.js';
import { type Spool, Spools } from './spools.js';

/** Measures sounds that go by, which are sold by the second: how long one is, is known when all of it is there. */
@Injectable()
export class SoundMeters {
  constructor(
    private readonly spools: Spools,
    private readonly lengths: MediaLength,
    private readonly log: Log,
  ) {}

  begin(): SoundMeter {
    return new SoundMeter(this.spools.begin(), this.lengths, this.log);
  }
}

/** One sound, as far as it has left for the buyer. Must be discarded. */
export class SoundMeter {
  private waiting: Uint8Array[] = [];
  private isLost = false;

  constructor(
    private readonly spool: Spool,
    private readonly lengths: MediaLength,
    private readonly log: Log,
  ) {}

  leave(piece: Uint8Array): void {
    this.waiting.push(piece);
  }

  /** Puts away what has left; to be waited for before more comes. What cannot be kept is the seller's loss, not the buyer's. */
  async keep(): Promise<void> {
    const pieces = this.waiting;
    this.waiting = [];
    if (this.isLost) return;
    try {
      for (const piece of pieces) await this.spool.write(piece);
    } catch (error) {
      this.isLost = true;
      this.log.error({ error }, 'a sound could not be kept to be measured');
    }
  }

  /** Begun seconds count; of a sound that nobody can measure none do. */
  async seconds(contentType: string): Promise<number> {
    await this.keep();
    if (this.isLost || this.spool.bytes === 0) return 0;
    return Math.ceil((await this.lengths.secondsOfSound(this.spool, contentType)) ?? 0);
  }

  discard(): Promise<void> {
    return this.spool.discard();
  }
}
