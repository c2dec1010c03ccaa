import type { Answer } from '../answer-reader.js';
import { streamEventCount } from '../mock-answer.js';
import { messages } from '../request.js';
import { manyTexts, shortText, slowTokens, speeches } from './endpoint-answers.js';

/** One way in which endpoints differ for whatever stands between a buyer and an upstream. */
export type EndpointKind = Readonly<{
  name: string;
  /** In the words of the table. */
  title: string;
  path: string;
  contentType: string;
  bodyFor: (model: string) => Buffer;
  isGood: (answer: Answer) => boolean;
  /** As many at once as there would be of such. */
  connections: number;
}>;

const boundary = 'a-boundary-that-no-sound-holds';

export const kinds: readonly EndpointKind[] = [
  {
    ...jsonKind('/v1/embeddings', (model) => ({ model, input: shortText })),
    ...{ name: 'json', title: 'JSON, small: one text is embedded', connections: 32 },
    isGood: ({ bodyBytes }) => bodyBytes > 0,
  },
  {
    ...jsonKind('/v1/embeddings', (model) => ({ model, input: manyTexts })),
    ...{
      name: 'json-large',
      title: 'JSON, an answer of 2 MB: 64 texts are embedded',
      connections: 8,
    },
    isGood: ({ bodyBytes }) => bodyBytes > 1_000_000,
  },
  {
    ...chatKind(200),
    ...{ name: 'stream', title: 'a stream of 62 events', connections: 32 },
  },
  {
    ...formKind(5_000_000),
    ...{ name: 'up', title: 'a form with 5 MB', connections: 8 },
  },
  {
    ...speechKind('short'),
    ...{ name: 'down', title: '1 MB of sound', connections: 8 },
  },
];

/** A chat whose words come one by one, as those of a fast model do. */
export const slowStream: EndpointKind = {
  ...chatKind(slowTokens),
  ...{ name: 'slow-stream', title: 'a stream at the pace of a model', connections: 200 },
};

/** Files that fit into no memory several times. */
export function uploadOf(bytes: number): EndpointKind {
  const title = `${Math.round(bytes / 1e6)} MB up`;
  return { ...formKind(bytes), name: 'large-up', title, connections: 4 };
}

export const download: EndpointKind = {
  ...speechKind('long'),
  ...{ name: 'large-down', title: '50 MB down', connections: 4 },
};

type Shape = Omit<EndpointKind, 'name' | 'title' | 'connections'>;

function jsonKind(path: string, toBody: (model: string) => object): Omit<Shape, 'isGood'> {
  const bodyFor = (model: string) => Buffer.from(JSON.stringify(toBody(model)));
  return { path, contentType: 'application/json', bodyFor };
}

function chatKind(max_tokens: number): Shape {
  return {
    ...jsonKind('/v1/chat/completions', (model) => ({
      model,
      messages,
      max_tokens,
      stream: true,
      stream_options: { include_usage: true },
    })),
    isGood: ({ events }) => events === streamEventCount,
  };
}

function speechKind(length: keyof typeof speeches): Shape {
  const { input, bytes } = speeches[length];
  return {
    ...jsonKind('/v1/audio/speech', (model) => ({ model, input, voice: 'alloy' })),
    isGood: ({ bodyBytes }) => bodyBytes === bytes,
  };
}

function formKind(fileBytes: number): Shape {
  const file = silence(fileBytes);
  return {
    path: '/v1/audio/transcriptions',
    contentType: `multipart/form-data; boundary=${boundary}`,
    bodyFor: (model) =>
      Buffer.concat([
        Buffer.from(
          `--${boundary}\r\ncontent-disposition: form-data; name="model"\r\n\r\n${model}\r\n` +
            `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="silence.wav"\r\n` +
            'content-type: audio/wav\r\n\r\n',
        ),
        file,
        Buffer.from(`\r\n--${boundary}--\r\n`),
      ]),
    isGood: ({ bodyBytes }) => bodyBytes > 0,
  };
}

/** A WAV file of this length: one channel, sixteen bits, sixteen thousand times a second. */
function silence(bytes: number): Buffer {
  const head = Buffer.alloc(44);
  const [samplesPerS, bytesPerSample] = [16_000, 2];
  head.write('RIFF', 0);
  head.writeUInt32LE(bytes - 8, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(samplesPerS, 24);
  head.writeUInt32LE(samplesPerS * bytesPerSample, 28);
  head.writeUInt16LE(bytesPerSample, 32);
  head.writeUInt16LE(8 * bytesPerSample, 34);
  head.write('data', 36);
  head.writeUInt32LE(bytes - head.length, 40);
  return Buffer.concat([head, Buffer.alloc(bytes - head.length)]);
}
