import type { JsonBody } from './json-body.js';

/** What the market reads from a request, whichever endpoint it came to. Everything else passes through as it came. */
export type ApiRequest = Readonly<{
  model: string;
  isStream: boolean;
  /** Most tokens of text that each choice may have; null where the request does not say. */
  outputTokensMax: number | null;
  choices: number;
  /** A stream is to end with a chunk of counts. */
  hasUsageChunk: boolean;
  /** Its answer is passed on as what it says that it is: text, events or bytes. */
  isAnyForm?: boolean;
  /** What is asked for besides words. */
  output?: MediaOutput;
  /** The parsed body, for counting its text. Never for sending: the bytes that came are what is sent. */
  body: JsonBody;
}>;

/** Pictures, or seconds of sound or film: so many at most, and what each one that comes counts. */
export type MediaOutput = Readonly<{
  kind: 'image' | 'audio_second' | 'video_second';
  max: number;
  each: number;
}>;

/** A request of an endpoint that streams no text: what it gives is no tokens. */
export function withoutText(body: JsonBody): ApiRequest {
  return {
    model: String(body.model),
    isStream: false,
    outputTokensMax: 0,
    choices: 1,
    hasUsageChunk: false,
    body,
  };
}
