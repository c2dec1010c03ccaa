import { z } from 'zod';
import { endpointNames, OpenAiEndpoint } from './endpoint.js';
import { ModelName } from './field.js';

/** What the owner of a hosted API says of it: where it is, how it is called, what it has. */

/** What can stand in a header: Latin-1 without control characters, so no line ends. */
const headerText = /^[\x20-\x7e\xa0-\xff]*$/;

/** Put in where a value of a template names `{credential}`; kept encrypted, never shown. */
export const UpstreamCredential = z.string().min(1).max(8192).regex(headerText);

/** Where its OpenAI-compatible API begins, `/v1` included. What opens it belongs into `credential`: this is shown. */
export const BaseUrl = z
  .url({ protocol: /^https?$/ })
  .max(2048)
  .refine((url) => !holdsLogin(url), 'must not hold a user name or password')
  .refine((url) => !url.includes('#'), 'must not have a fragment: it would not be sent');

function holdsLogin(url: string): boolean {
  const parsed = URL.parse(url);
  return parsed !== null && parsed.username + parsed.password !== '';
}

/** What the market says itself, what belongs to a connection, and what would have others answer or not be read. */
const ownHeaders =
  /^(?:host|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|expect|content-.*|accept|accept-encoding|x-aisbf-.*)$/i;

const HeaderName = z
  .string()
  .regex(/^[\w!#$%&'*+.^`|~-]{1,64}$/, 'must be the name of a header')
  .refine((name) => !ownHeaders.test(name), 'is one that the market sets itself');

/** A credential may be long, so that no value holds it more than once. */
const isFilledOnce = (value: string) => value.split('{credential}').length <= 2;

/** At most this many of each, so that a request's head stays one that servers take. */
const entriesMax = 32;

export const HeaderTemplate = z
  .record(HeaderName, z.string().max(2048).regex(headerText).refine(isFilledOnce))
  .refine((headers) => Object.keys(headers).length <= entriesMax, 'too many')
  .refine(
    (headers) =>
      new Set(Object.keys(headers).map((name) => name.toLowerCase())).size ===
      Object.keys(headers).length,
    'a header is named twice',
  )
  .describe(
    'Sent with each request; `{credential}` stands for the credential. Where nothing names it, it goes as `Authorization: Bearer`. Kept encrypted; of all this only names are shown.',
  );

export const QueryTemplate = z
  .record(
    z.string().regex(/^[\w.~$-]{1,64}$/, 'must be the name of a parameter'),
    z.string().max(1024).refine(isFilledOnce),
  )
  .refine((query) => Object.keys(query).length <= entriesMax, 'too many')
  .describe(
    'Parameters of the URL, beside those that `baseUrl` has; `{credential}` as in headers.',
  );

export const HostedModels = z
  .array(z.strictObject({ name: ModelName, upstreamName: ModelName.optional() }))
  .min(1)
  .max(2000)
  .refine(
    (models) => new Set(models.map(({ name }) => name)).size === models.length,
    'a name stands for two models',
  )
  .describe(
    'What it has: our name, and where it differs the one that is sent there. Several names may mean one model.',
  );

export const ServedEndpoints = z
  .array(OpenAiEndpoint)
  .min(1)
  .max(endpointNames.length)
  .refine((names) => new Set(names).size === names.length, 'must name each once')
  .describe(
    'What it serves. Where it is not told, `responses` and `messages` are asked for as chat.',
  );
