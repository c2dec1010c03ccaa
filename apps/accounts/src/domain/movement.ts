import type { Nanos } from '@aisbf/money';
import type { Finding } from './reconciliation.js';

export type MovementKind = 'payment' | 'refund' | 'payout';

/** Money that a provider says it has moved. */
export type Movement = Readonly<{
  kind: MovementKind;
  /** What the provider calls it: a payment, a refund. A payout goes by our own id. */
  id: string;
  /** What is left of it: a payout less what came back. */
  amount: Nanos;
  /** Whether it bears an id of ours; what does not may be some other business of the same account. */
  isOurs: boolean;
  /** The payment that a refund is of. */
  paymentId: string | null;
}>;

/** The same as we have booked it. */
export type BookedMovement = Readonly<{
  kind: MovementKind;
  id: string;
  amount: Nanos;
  /** `open`: it may have been done; nobody has said so yet. `void`: it is booked as not done. */
  state: 'booked' | 'open' | 'void';
}>;

const violations = {
  payment: 'provider_payment',
  refund: 'provider_refund',
  payout: 'provider_payout',
} as const satisfies Record<MovementKind, string>;

/** What is wrong with a movement that the provider tells of. */
export function findingOfTold(
  told: Movement,
  booked: BookedMovement | undefined,
): Finding | undefined {
  const { kind, id, amount } = told;
  const say = (detail: string) => ({ violation: violations[kind], subject: id, detail });
  if (!booked)
    return told.isOurs ? say(`the provider has ${amount}, nothing is booked`) : undefined;
  if (booked.state === 'open') return undefined;
  if (booked.state === 'void') return say(`the provider has ${amount}, booked as failed`);
  return booked.amount === amount
    ? undefined
    : say(`the provider has ${amount}, booked ${booked.amount}`);
}

/** What is wrong with a movement that we have booked, of which the provider was asked by itself. */
export function findingOfBooked(
  booked: BookedMovement,
  told: Movement | undefined,
): Finding | undefined {
  if (told) return findingOfTold(told, booked);
  const { kind, id, amount } = booked;
  const detail = `booked ${amount}, the provider has none`;
  return { violation: violations[kind], subject: id, detail };
}
