/** What routers seal their tickets with. */
export class TicketSecret {
  constructor(readonly value: string) {}
}
