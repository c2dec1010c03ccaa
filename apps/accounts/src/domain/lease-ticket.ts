import { LeaseTicket } from '@aisbf/contracts';
import { openSealed } from '@aisbf/secrets';

/** One request as the router that holds its lease has admitted it: what a hold would have remembered. */
export type LeasedRequest = LeaseTicket;

/** Reads a router's ticket for this very request; undefined where it is none of ours, or another request's. */
export function readTicket(
  sealed: string,
  requestId: string,
  secret: string,
): LeasedRequest | undefined {
  const text = openSealed(sealed, secret);
  if (text === undefined) return undefined;
  const ticket = LeaseTicket.safeParse(JSON.parse(text));
  return ticket.success && ticket.data.requestId === requestId ? ticket.data : undefined;
}
