import { fromBase64 } from './json-value.js';

/** Where the bytes are that the JSON of a frame speaks of: inside it as base64, or beside it. */
export type FrameBytes = Readonly<{
  /** The frame is a binary message, whose bytes are beside its JSON. */
  isBinary: boolean;
  /** Undefined where the text is no base64. */
  fromBase64: (text: string) => Buffer | undefined;
  /** Undefined where there is no attachment of that number. */
  attachment: (index: unknown) => Buffer | undefined;
}>;

/** Of a text frame, which has no bytes but those in its JSON. */
export const inlineBytes: FrameBytes = {
  isBinary: false,
  fromBase64,
  attachment: () => undefined,
};

/** Of a binary message. What was made before it could be sent so, is base64 here too. */
export function attachedBytes(attachments: readonly Buffer[]): FrameBytes {
  return {
    isBinary: true,
    fromBase64,
    attachment: (index) => (typeof index === 'number' ? attachments[index] : undefined),
  };
}
