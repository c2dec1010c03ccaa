import type { UpstreamCall, UpstreamScript } from '@aisbf/testkit';

/** How an upstream answers: well, or in one of the ways in which it quotes what it was sent. */
export const moods = [
  'plain',
  'refused',
  'angry',
  'broken',
  'missing',
  'busy',
  'teapot',
  'lying',
  'garbage',
  'late-error',
  'cut',
  'silent',
] as const;
export type Mood = (typeof moods)[number];

type Said = Readonly<{ prompt: string; reply: string }>;

const statuses: Readonly<Partial<Record<Mood, number>>> = {
  refused: 401,
  angry: 400,
  broken: 500,
  missing: 404,
  busy: 429,
  teapot: 418,
};

export function script(mood: Mood, { prompt, reply }: Said): UpstreamScript {
  const status = statuses[mood];
  // Whoever is told that a request is wrong may be told what stood in it: he wrote it.
  const heard = status === 400 || status === 418 ? '' : prompt;
  if (status !== undefined) {
    return (call) => call.status(status, errorBody(call, heard), headersOf(call));
  }
  switch (mood) {
    case 'lying':
      return (call) => call.status(200, errorBody(call, heard), headersOf(call));
    case 'garbage':
      return (call) => call.status(200, `<html>${quotes(call, heard)}`, headersOf(call));
    case 'late-error':
      return async (call) => {
        await call.say('Well, ');
        await call.raw(`data: ${errorBody(call, heard)}\n\n`);
        call.cut();
      };
    case 'cut':
      return async (call) => {
        await call.say('Well, ');
        call.cut();
      };
    case 'silent':
      return () => undefined;
    default:
      return (call) =>
        call.answer([reply], { usage: '{"prompt_tokens":9,"completion_tokens":20}' });
  }
}

function errorBody(call: UpstreamCall, heard: string): string {
  const message = quotes(call, heard);
  return JSON.stringify({ error: { message, type: 'auth', code: 'auth', param: message } });
}

/** The key that came, in all the ways in which a server may write it. */
function quotes(call: UpstreamCall, heard: string): string {
  const given = String(call.headers.authorization).replace(/^Bearer /, '');
  const writings = [
    given,
    JSON.stringify(given),
    encodeURIComponent(given),
    Buffer.from(given).toString('base64'),
    Buffer.from(`user:${given}`).toString('base64url'),
    given.slice(0, 30),
    call.headers['x-canary'],
  ];
  return `Incorrect API key provided: ${writings.join(' or ')}. ${heard}`;
}

function headersOf(call: UpstreamCall): Record<string, string> {
  const given = String(call.headers.authorization);
  return {
    'www-authenticate': given,
    'x-request-id': encodeURIComponent(given),
    'retry-after': '1',
  };
}
