/** One end of a session: frames of text, each way at the pace of who reads. */
export type Frames = Readonly<{
  /** Undefined while it is open. 1006 is without a word. */
  closing: Readonly<{ code: number; cause?: 'too_large' | 'unreadable' | 'silent' }> | undefined;
  frames: () => AsyncIterable<string>;
  /** Waits while the other side reads more slowly. Says when the frame has left. */
  send: (text: string, onLeft?: () => void) => Promise<void>;
  close: (code: number | undefined, reason: string) => void;
}>;
