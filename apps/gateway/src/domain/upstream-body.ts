/** What an upstream is sent. Opened anew for every candidate that is asked. */
export type UpstreamBody = Readonly<{
  contentType: string;
  /** In bytes, where it is no text whose length shows. */
  length?: number;
  open: () => string | Uint8Array | AsyncIterable<Uint8Array>;
}>;
