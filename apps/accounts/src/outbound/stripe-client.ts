import { redacted } from '@aisbf/secrets';
import { Stripe } from 'stripe';
import type { Window } from '../domain/reconciliation.js';

/** The version whose types this is written against; accounts at Stripe may have others. */
const apiVersion = '2026-10-28.endive';

export type StripeClientOptions = Readonly<{
  secretKey: string;
  /** Stripe's own, or a stand-in. */
  url: string;
  timeoutMs: number;
  /** How often it asks again by itself after an answer that is no decision; a broken connection apart. */
  networkRetriesMax: number;
}>;

export function openStripe({
  secretKey,
  url,
  timeoutMs,
  networkRetriesMax,
}: StripeClientOptions): Stripe {
  const { protocol, hostname, port } = new URL(url);
  return new Stripe(secretKey, {
    apiVersion,
    timeout: timeoutMs,
    maxNetworkRetries: networkRetriesMax,
    telemetry: false,
    httpClient: withoutKey(Stripe.createNodeHttpClient(), secretKey),
    protocol: protocol === 'http:' ? 'http' : 'https',
    host: hostname,
    ...(port !== '' && { port }),
  });
}

/** Whoever refuses a key may quote it, and what an error says ends in a log. */
function withoutKey(client: Stripe.HttpClient, secretKey: string): Stripe.HttpClient {
  const makeRequest: typeof client.makeRequest = async (...request) => {
    const response = await client.makeRequest(...request);
    if (response.getStatusCode() < 400) return response;
    const told = await response.toJSON();
    response.toJSON = async () => JSON.parse(redacted(JSON.stringify(told), secretKey));
    return response;
  };
  return { getClientName: () => client.getClientName(), makeRequest };
}

/** Stripe counts whole seconds. */
export function createdIn({ from, to }: Window): Readonly<{ gte: number; lt: number }> {
  const seconds = (at: Date) => Math.ceil(at.getTime() / 1000);
  return { gte: seconds(from), lt: seconds(to) };
}
