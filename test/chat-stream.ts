import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';

/** How a request for a stream ended, as its buyer saw it. */
export type StreamEnd = Readonly<{
  /** Undefined where there was no answer at all. */
  status: number | undefined;
  headers: IncomingHttpHeaders;
  /** The `data` of every whole event. */
  events: readonly string[];
  /** What was said, joined. */
  text: string;
  /** Where the answer was no stream, or where an event told of an error. */
  error: Readonly<{ message?: string; type?: string; code?: string }> | undefined;
  /** HTTP itself says that the body is whole. */
  isWhole: boolean;
  /** Whole, and ended by `[DONE]`: the only end that a buyer takes for success. */
  isSuccess: boolean;
}>;

export type StreamRequest = Readonly<{
  url: string;
  apiToken: string;
  model: string;
  /** More of the body. */
  fields?: Readonly<Record<string, unknown>>;
  /** Told of each word as it arrives. */
  onText?: (text: string) => void;
}>;

type Chunk = Readonly<{
  choices?: readonly Readonly<{ delta?: Readonly<{ content?: string }> }>[];
  error?: StreamEnd['error'];
}>;

/**
 * Asks for a streamed answer without any library between the test and the wire: whether a broken answer can
 * be taken for a whole one is exactly what these tests ask. Never rejects.
 */
export function streamChat(request: StreamRequest): Promise<StreamEnd> {
  const body = JSON.stringify({
    model: request.model,
    messages: [{ role: 'user', content: 'Go on.' }],
    stream: true,
    ...request.fields,
  });
  return new Promise((resolve) => {
    const nothing = () =>
      resolve(endOf({ status: undefined, headers: {}, raw: '', isWhole: false }));
    const outgoing = httpRequest(
      new URL('/v1/chat/completions', request.url),
      {
        method: 'POST',
        headers: {
          authorization: `Bearer ${request.apiToken}`,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
        },
        // A connection of its own: one that the market has just closed must not be blamed on it.
        agent: false,
      },
      (response) => {
        let raw = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          raw += part;
          request.onText?.(part);
        });
        response.on('error', () => undefined);
        response.on('close', () => {
          const { statusCode: status, headers, complete: isWhole } = response;
          resolve(endOf({ status, headers, raw, isWhole }));
        });
      },
    );
    outgoing.on('error', nothing);
    outgoing.end(body);
  });
}

type RawEnd = Pick<StreamEnd, 'status' | 'headers' | 'isWhole'> & Readonly<{ raw: string }>;

function endOf({ raw, ...end }: RawEnd): StreamEnd {
  const isStream = end.headers['content-type']?.startsWith('text/event-stream') ?? false;
  const events = isStream ? dataOf(raw) : [];
  const bodies = isStream ? events.filter((data) => data !== '[DONE]') : raw === '' ? [] : [raw];
  const chunks = bodies.map((body) => JSON.parse(body) as Chunk);
  const error = chunks.find((chunk) => chunk.error !== undefined)?.error;
  return {
    ...end,
    events,
    text: chunks.map((chunk) => chunk.choices?.[0]?.delta?.content ?? '').join(''),
    error,
    isSuccess: end.status === 200 && end.isWhole && events.at(-1) === '[DONE]' && !error,
  };
}

/** Only what an empty line has ended is an event. */
function dataOf(raw: string): readonly string[] {
  return raw
    .split('\n\n')
    .slice(0, -1)
    .flatMap((event) => (event.startsWith('data: ') ? [event.slice('data: '.length)] : []));
}
