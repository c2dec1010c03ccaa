import type { OpenAiEndpoint } from '@aisbf/contracts';
import { faults } from './faults.js';

/** Names, and what is sent under them; `{credential}` in a value stands for the credential. */
export type Template = Readonly<Record<string, string>>;

/** Of a hosted provider all that nobody is shown: what opens its door, and how that is said there. */
export type HostedSecrets = Readonly<{
  credential: string | null;
  /** By their names in lower case. */
  headers: Template;
  query: Template;
}>;

export const noSecrets: HostedSecrets = { credential: null, headers: {}, query: {} };

/** What its owner changes of a hosted provider; what is undefined stays as it is. */
export type HostedUpdate = Readonly<{
  baseUrl?: string | undefined;
  credential?: string | null | undefined;
  headers?: Template | undefined;
  query?: Template | undefined;
  models?: readonly HostedModel[] | undefined;
  /** What it serves; null is not known. */
  endpoints?: readonly OpenAiEndpoint[] | null | undefined;
}>;

/** A name on our side, and the name on theirs. */
export type HostedModel = Readonly<{ name: string; upstreamName: string }>;

/** How its door is opened: what is added to each request. */
export type HostedAccess = Readonly<{
  headers: Readonly<Record<string, string>>;
  /** The base URL with all its parameters. */
  dialUrl: string;
}>;

/** As they lie in the store. */
export type FormerSecrets = Readonly<{
  baseUrl: string;
  secrets: HostedSecrets | null;
  /** Whether they hold more than a credential, which is known also of those that cannot be read. */
  isTemplate: boolean;
}>;

const placeholder = '{credential}';
/** Servers take heads of 8 to 16 KiB; with less than this sent by a template there is room for the rest. */
const headerCharactersMax = 12_288;
/** As long as the gateway takes one from us, and servers do. */
const dialUrlCharactersMax = 8_192;

export function hasTemplate({ headers, query }: HostedSecrets): boolean {
  return Object.keys(headers).length + Object.keys(query).length > 0;
}

/** What is sent. Without a credential, whatever names it is left out. */
export function hostedAccess(baseUrl: string, secrets: HostedSecrets): HostedAccess {
  const { credential, query } = secrets;
  const values = [...Object.values(secrets.headers), ...Object.values(query)];
  const isNamed = values.some((value) => value.includes(placeholder));
  const bearer = credential === null || isNamed ? {} : { authorization: `Bearer ${credential}` };
  const headers = { ...bearer, ...filled(secrets.headers, credential) };
  if (Object.keys(query).length === 0) return { headers, dialUrl: baseUrl };
  const url = new URL(baseUrl);
  for (const [name, value] of Object.entries(filled(query, credential))) {
    url.searchParams.set(name, value);
  }
  return { headers, dialUrl: url.href };
}

/**
 * The secrets after an update; null for former ones that cannot be read. Throws where what was meant for one origin
 * would go to another without having been said again, and where it would be more than is sent.
 */
export function updatedSecrets(former: FormerSecrets, update: HostedUpdate): HostedSecrets {
  const { credential, headers, query, baseUrl = former.baseUrl } = update;
  const isNewOrigin = new URL(baseUrl).origin !== new URL(former.baseUrl).origin;
  const isKept = former.secrets !== null && !isNewOrigin;
  if (!isKept && !isSaidAgain(former, update)) {
    throw isNewOrigin ? faults.PROVIDER_SECRETS_NEEDED() : faults.PROVIDER_SECRETS_UNREADABLE();
  }
  const base = (isKept && former.secrets) || noSecrets;
  const secrets = {
    credential: credential === undefined ? base.credential : credential,
    headers: headers ? inLowerCase(headers) : base.headers,
    query: query ?? base.query,
  };
  requireSendable(baseUrl, secrets);
  return secrets;
}

/** Those of a provider that is created. */
export function newSecrets(baseUrl: string, update: HostedUpdate): HostedSecrets {
  return updatedSecrets({ baseUrl, secrets: noSecrets, isTemplate: false }, update);
}

/** Whether nothing of the former secrets is left to be guessed. */
function isSaidAgain({ secrets, isTemplate }: FormerSecrets, update: HostedUpdate): boolean {
  const { credential, headers, query } = update;
  const hadCredential = secrets === null || secrets.credential !== null;
  return (
    (!hadCredential || credential !== undefined) &&
    (!isTemplate || (headers !== undefined && query !== undefined))
  );
}

function requireSendable(baseUrl: string, secrets: HostedSecrets): void {
  const { headers, dialUrl } = hostedAccess(baseUrl, secrets);
  const characters = Object.entries(headers).reduce(
    (sum, [name, value]) => sum + name.length + value.length,
    0,
  );
  if (characters > headerCharactersMax || dialUrl.length > dialUrlCharactersMax) {
    throw faults.PROVIDER_CALL_TOO_LONG();
  }
}

function filled(template: Template, credential: string | null): Record<string, string> {
  return Object.fromEntries(
    Object.entries(template).flatMap(([name, value]) => {
      if (!value.includes(placeholder)) return [[name, value]];
      // As a function: in a text, `$&` would be read as something else.
      return credential === null ? [] : [[name, value.replaceAll(placeholder, () => credential)]];
    }),
  );
}

function inLowerCase(headers: Template): Template {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
}
