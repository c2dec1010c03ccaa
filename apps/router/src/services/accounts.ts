import type { Authorise, Authorised, Owner } from '@aisbf/contracts';

/** What the router needs of accounts. Its refusals come through as the faults they are. */
export abstract class Accounts {
  /** Sets money aside; without this nothing may be served. */
  abstract authorise(order: Authorise): Promise<Authorised>;
  abstract ownerOf(username: string): Promise<Owner>;
}
