import { z } from 'zod';

/** A model of the upstream that is sold under another name. */
export type Alias = Readonly<{ name: string; upstreamName: string }>;

const isOn = z
  .enum(['true', 'false', '1', '0', 'yes', 'no', ''], "must be 'true' or 'false'")
  .optional()
  .transform((text) => text === 'true' || text === '1' || text === 'yes');

const list = z
  .string()
  .optional()
  .transform((text) => (text ?? '').split(',').flatMap((part) => part.trim() || []));

const aliasForm = 'must be NAME=UPSTREAM-NAME, each name once';
const aliasList = list.transform((pairs, context): readonly Alias[] => {
  const aliases = pairs.map((pair) => {
    const [name = '', ...rest] = pair.split('=');
    return { name: name.trim(), upstreamName: rest.join('=').trim() };
  });
  const isComplete = aliases.every(({ name, upstreamName }) => name !== '' && upstreamName !== '');
  const isUnique = new Set(aliases.map(({ name }) => name)).size === aliases.length;
  if (!isComplete || !isUnique) context.addIssue({ code: 'custom', message: aliasForm });
  return aliases;
});

function integer(min: number, max: number) {
  const range = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,12}$/, range)
    .transform(Number)
    .refine((value) => value >= min && value <= max, range);
}

function url(protocols: readonly string[]) {
  const isUsable = (text: string): boolean => {
    const parsed = URL.parse(text);
    return (
      parsed !== null &&
      protocols.includes(parsed.protocol) &&
      parsed.search === '' &&
      parsed.hash === '' &&
      parsed.username === '' &&
      parsed.password === ''
    );
  };
  const message = `must be a URL (${protocols.join(', ')}) without user, query and fragment`;
  return z.string().refine(isUsable, message);
}

const httpUrl = url(['http:', 'https:']);

/** Bounded, because it travels in a header: no line breaks, nothing that is not printable. */
function headerText(charsMax: number) {
  const message = `must be 1 to ${charsMax} printable characters`;
  return z
    .string()
    .max(charsMax, message)
    .regex(/^[\x21-\x7E]+$/, message);
}

const dayMs = 86_400_000;
const identity = z
  .string('is missing')
  .min(1, 'must not be empty')
  .max(128, 'must have 128 characters at most')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is kept out.
  .regex(/^[^\x00-\x1F\x7F]+$/, 'must not contain control characters');

/** The rules that every setting keeps, wherever it comes from. All of them arrive as text. */
export const Settings = z.object({
  upstreamUrl: httpUrl.optional(),
  upstreamApiKey: headerText(4096).optional(),
  marketUrl: url(['http:', 'https:', 'ws:', 'wss:']).optional(),
  marketPath: z
    .string()
    .regex(/^\/?[\w.~%/-]{1,512}$/, 'must be a path without query')
    .optional(),
  advertisedEndpoint: headerText(1024).optional(),
  username: identity.optional(),
  providerId: identity.optional(),
  clientId: identity,
  registrationToken: headerText(1024).optional(),
  models: list,
  aliases: aliasList,
  concurrency: integer(1, 1024),
  demo: isOn,
  display: z.enum(['auto', 'block', 'lines'], "must be 'auto', 'block' or 'lines'"),
  logFormat: z.enum(['text', 'json'], "must be 'text' or 'json'"),
  logLevel: z.enum(
    ['debug', 'info', 'warn', 'error'],
    "must be 'debug', 'info', 'warn' or 'error'",
  ),
  plainProtocol: isOn,
  endpoints: list.pipe(
    z.array(z.string().regex(/^v1(?:\/[\w.~@-]+)+$/, 'must name paths as v1/embeddings')),
  ),
  proxyPaths: list,
  demoTokenDelayMs: integer(0, 10_000),
  drainGraceMs: integer(0, dayMs),
  frameBytesMax: integer(64 * 1024, 1024 ** 3),
  sentFrameBytesMax: integer(1024, 1024 ** 3),
  bufferedBytesMax: integer(1024, 1024 ** 3),
  heldAnswerBytesMax: integer(0, 1024 ** 3),
  windowWaitMsMax: integer(10, dayMs),
  upstreamConnectMsMax: integer(1, dayMs),
  upstreamHeadersMsMax: integer(1, dayMs),
  upstreamSilenceMsMax: integer(1, dayMs),
  modelsPollMs: integer(10, dayMs),
  upstreamRetryMsMin: integer(1, dayMs),
  pendingAfterMs: integer(0, dayMs),
  pendingEveryMs: integer(10, dayMs),
  pingEveryMs: integer(10, dayMs),
  silenceMsMax: integer(10, dayMs),
  heartbeatEveryMs: integer(10, dayMs),
  greetingMsMax: integer(10, dayMs),
  reconnectMsMin: integer(1, dayMs),
  reconnectMsMax: integer(1, dayMs),
});
export type Settings = z.infer<typeof Settings>;
