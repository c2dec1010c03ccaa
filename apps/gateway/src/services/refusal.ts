import type { Candidate } from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import { readAnswerBody } from '@aisbf/openai';
import { redacted } from '@aisbf/secrets';
import { readWhole } from './answer-relay.js';
import { type UpstreamAnswer, UpstreamBroken } from './upstream.js';

const refusalBytesMax = 65_536;
const messageLengthMax = 500;
/** What is shorter, as `1` in a header or parameter, is no secret, and would be found in every sentence. */
const secretLengthMin = 6;

/**
 * An upstream says that the request is at fault. Its words go to the buyer, who must mend it, but only as
 * a message: no header, no address, none of our credentials and no other field of a stranger's answer.
 */
export async function refusalOf(answer: UpstreamAnswer, candidate: Candidate): Promise<Fault> {
  const text = await textOf(answer);
  const result = text === undefined ? undefined : readAnswerBody(text, () => ({ kind: 'garbage' }));
  const message =
    result?.kind === 'error' ? result.error.message : 'The model refused the request.';
  return new Fault({
    code: 'UPSTREAM_REFUSED_REQUEST',
    kind: answer.status === 413 ? 'oversized' : 'invalid',
    message: asTold(message, candidate),
    details: { upstreamStatus: answer.status },
  });
}

/** An upstream's words, without what is nobody's business. */
export function asTold(message: string, candidate: Candidate): string {
  return withoutCredentials(withoutAddresses(message), candidate).slice(0, messageLengthMax);
}

async function textOf(answer: UpstreamAnswer): Promise<string | undefined> {
  try {
    const body = await readWhole(answer.body, refusalBytesMax, () => undefined);
    return body && new TextDecoder().decode(body);
  } catch (error) {
    // A refusal whose words got lost is still a refusal.
    if (error instanceof UpstreamBroken) return undefined;
    throw error;
  }
}

/** Where a seller's machine is, is nobody's business. */
function withoutAddresses(message: string): string {
  return message
    .replaceAll(/\b[a-z][a-z0-9+.-]*:\/\/\S+/gi, '[address]')
    .replaceAll(/\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b/g, '[address]');
}

/** Upstreams like to quote the key that they refuse. */
function withoutCredentials(message: string, candidate: Candidate): string {
  if (candidate.kind !== 'http') return message;
  const { headers, url } = candidate;
  const credentials = [
    ...Object.values(headers).map((value) => value.replace(/^\S+ /, '')),
    ...new URL(url).searchParams.values(),
  ].filter(({ length }) => length >= secretLengthMin);
  return credentials.reduce(
    (text, credential) => redacted(text, credential, '[credential]'),
    message,
  );
}
