import { AsyncLocalStorage } from 'node:async_hooks';
import { PASSKEY_ERROR_CODES } from '@better-auth/passkey';
import { faults } from '../domain/faults.js';

/** The plugin's two words for all that may go wrong, ours included. */
const undistinguished: ReadonlySet<unknown> = new Set([
  PASSKEY_ERROR_CODES.FAILED_TO_VERIFY_REGISTRATION.code,
  PASSKEY_ERROR_CODES.AUTHENTICATION_FAILED.code,
]);

/** The call under way. */
const current = new AsyncLocalStorage<{ isProved: boolean }>();

/** To be told when the browser's word was found good. */
export function noteProved(): void {
  const ceremony = current.getStore();
  if (ceremony) ceremony.isProved = true;
}

/**
 * Tells whose fault it was that a passkey was not taken: the plugin answers in the same words to whatever goes
 * wrong, a forged signature or a database that is away. What was not proved is the caller's; what comes after is
 * ours.
 */
export async function watchCeremony(call: () => Promise<Response>): Promise<Response> {
  const ceremony = { isProved: false };
  const response = await current.run(ceremony, call);
  if (response.ok || !undistinguished.has(await codeOf(response))) return response;
  if (ceremony.isProved) {
    throw faults.SIGN_IN_UNAVAILABLE({}, { cause: new Error(await response.text()) });
  }
  // The plugin calls a registration that it refuses an error of its own.
  return new Response(response.body, { status: response.status === 500 ? 400 : 401 });
}

async function codeOf(response: Response): Promise<unknown> {
  const text = await response.clone().text();
  return text.startsWith('{') ? (JSON.parse(text) as { code?: unknown }).code : undefined;
}
