/** What an upstream is sent. Opened anew for every candidate that is asked. */
export type UpstreamBody = Readonly<{
  contentType: string;
  open: () => string | Uint8Array | AsyncIterable<Uint8Array>;
}>;
