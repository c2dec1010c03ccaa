import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import type { PaymentNotice } from '../domain/payment-event.js';
import { type EventsLeft, PaymentEventStore, type TakenEvent } from '../services/payment-events.js';
import { resultOf, rowOf } from './pg-rows.js';

@Injectable()
export class PgPaymentEventStore extends PaymentEventStore {
  constructor(private readonly pool: Pool) {
    super();
  }

  take(provider: string, { id, type, occurredAt, event }: PaymentNotice): Promise<TakenEvent> {
    return resultOf(this.pool, 'SELECT take_payment_event($1, $2, $3, $4, $5) AS result', [
      provider,
      id,
      type,
      occurredAt,
      JSON.stringify(event),
    ]);
  }

  retry(): Promise<boolean> {
    return resultOf(this.pool, 'SELECT retry_payment_event() AS result');
  }

  left(): Promise<EventsLeft> {
    return rowOf(
      this.pool,
      `SELECT count(*) FILTER (WHERE state = 'waiting')::integer AS waiting,
         count(*) FILTER (WHERE state = 'refused')::integer AS refused
       FROM payment_event WHERE state IN ('waiting', 'refused')`,
    );
  }
}
