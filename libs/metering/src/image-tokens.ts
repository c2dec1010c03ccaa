import type { ImageSize } from './image-size.js';

/** How a family turns a picture into tokens. */
export type ImageRule =
  /** OpenAI's: scaled into 2,048 by 2,048, the shorter side to 768, then so many tiles of 512; `low` is the base alone. */
  | Readonly<{ kind: 'openai-tiles'; base: number; perTile: number }>
  | Readonly<{ kind: 'tiles'; tile: number; perTile: number; tilesMax: number }>
  /** One token for so many pixels, up to a most. */
  | Readonly<{ kind: 'area'; pixelsPerToken: number; tokensMax: number }>
  | Readonly<{ kind: 'fixed'; tokens: number }>;

/** Where the size cannot be told: a picture that stands elsewhere is not fetched for being counted. */
const sizeAssumed: ImageSize = { width: 1_024, height: 1_024 };

export type Image = Readonly<{ size: ImageSize | undefined; isLowDetail: boolean }>;

export function imageTokens({ size = sizeAssumed, isLowDetail }: Image, rule: ImageRule): number {
  switch (rule.kind) {
    case 'openai-tiles':
      return isLowDetail ? rule.base : rule.base + rule.perTile * openAiTiles(size);
    case 'tiles': {
      const across = Math.ceil(size.width / rule.tile) * Math.ceil(size.height / rule.tile);
      return rule.perTile * Math.min(across, rule.tilesMax);
    }
    case 'area':
      return Math.min(Math.ceil((size.width * size.height) / rule.pixelsPerToken), rule.tokensMax);
    case 'fixed':
      return rule.tokens;
  }
}

function openAiTiles({ width, height }: ImageSize): number {
  const fit = Math.min(1, 2_048 / Math.max(width, height));
  const shrink = Math.min(1, 768 / (Math.min(width, height) * fit));
  const tilesOf = (side: number) => Math.max(1, Math.ceil(Math.round(side * fit * shrink) / 512));
  return tilesOf(width) * tilesOf(height);
}
