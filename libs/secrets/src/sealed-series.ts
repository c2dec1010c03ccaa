import type { KeyObject } from 'node:crypto';
import { gcmDecrypt, gcmEncrypt } from './aes-gcm.js';
import { type EnvelopeTrouble, newDataKey, openDataKey, type WrappedKey } from './envelope.js';
import type { KeyRing } from './key-ring.js';

/** What a sealed piece is longer by than what was sealed: a nonce and a tag. */
export const sealedPieceExtra = 28;

/** Where a piece stands; of what ends somewhere, whether it is the end. */
export type PiecePlace = Readonly<{ position: number; isLast?: boolean }>;

/**
 * Many pieces under one data key, each sealed alone: what is too large for memory, or comes a piece at a time. A piece
 * opens in its own place only, so that none can be moved, left out at the end, or taken from another series.
 */
export class SealedSeries {
  private constructor(
    private readonly key: KeyObject,
    private readonly context: string,
  ) {}

  /** A series of its own for this context, and the key with which it is opened again. */
  static begin(
    context: string,
    keys: KeyRing,
  ): Readonly<{ series: SealedSeries; wrapped: WrappedKey }> {
    const { key, wrapped } = newDataKey(context, keys);
    return { series: new SealedSeries(key, context), wrapped };
  }

  static open(wrapped: WrappedKey, context: string, keys: KeyRing): SealedSeries | EnvelopeTrouble {
    const key = openDataKey(wrapped, context, keys);
    return typeof key === 'string' ? key : new SealedSeries(key, context);
  }

  seal(bytes: Uint8Array, place: PiecePlace): Buffer {
    return gcmEncrypt({ bytes, context: this.contextOf(place) }, this.key);
  }

  /** Undefined where it is not the piece that was sealed for this place. */
  unseal(bytes: Uint8Array, place: PiecePlace): Buffer | undefined {
    return gcmDecrypt({ bytes, context: this.contextOf(place) }, this.key);
  }

  private contextOf({ position, isLast = false }: PiecePlace): string {
    return JSON.stringify(['aisbf piece', 1, this.context, position, isLast]);
  }
}
