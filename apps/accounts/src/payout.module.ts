import type { PayoutProviderKind } from '@aisbf/contracts';
import { nanos } from '@aisbf/money';
import { queueConnection } from '@aisbf/queues';
import type { Provider } from '@nestjs/common';
import type { AccountsSettings } from './config.js';
import { type BackgroundJob, BackgroundJobs, job } from './inbound/background.js';
import { PayoutWorker, PayoutWorkerSettings } from './inbound/payout-worker.js';
import { BullPayoutQueue, payoutQueueName } from './outbound/bull-payout-queue.js';
import { CountedPayoutEvents } from './outbound/counted-payout-events.js';
import { CsvPayouts } from './outbound/csv-payouts.js';
import { PgPayoutBooks } from './outbound/pg-payout-books.js';
import { PayoutRules, PgPayoutStore } from './outbound/pg-payout-store.js';
import { openStripe } from './outbound/stripe-client.js';
import { NoOnboarding, StripeOnboarding, StripePayouts } from './outbound/stripe-payouts.js';
import { DirectPayoutQueue } from './services/direct-payout-queue.js';
import { PayoutAccounts } from './services/payout-accounts.js';
import { PayoutDesk } from './services/payout-desk.js';
import { PayoutEvents } from './services/payout-events.js';
import {
  PayoutOnboarding,
  type PayoutProvider,
  PayoutProviders,
} from './services/payout-provider.js';
import { PayoutBooks, PayoutQueue, PayoutStore } from './services/payout-store.js';
import { PayoutUpkeep } from './services/payout-upkeep.js';
import { PayoutSchedule, Payouts } from './services/payouts.js';

const dayMs = 86_400_000;
/** How often the queue is told of its clock: one that has lost everything has forgotten it. */
const ensureIntervalMs = 5_000;

/** What the timers of each replica do for payouts. */
export class PayoutJobs extends BackgroundJobs {}

/** The parts of the service that pay sellers. */
export function payoutParts(settings: AccountsSettings): Provider[] {
  const times = {
    answerMsMax: settings.ACCOUNTS_PAYOUT_ANSWER_MS_MAX,
    resendMsMax: settings.ACCOUNTS_PAYOUT_RESEND_MS_MAX,
    watchMsMax: settings.ACCOUNTS_PAYOUT_WATCH_DAYS * dayMs,
  };
  const terms = {
    maturityDays: settings.ACCOUNTS_PAYOUT_MATURITY_DAYS,
    firstMaturityDays: settings.ACCOUNTS_PAYOUT_FIRST_MATURITY_DAYS,
    minimum: nanos(BigInt(settings.ACCOUNTS_PAYOUT_NANOS_MIN)),
    reserveBps: settings.ACCOUNTS_PAYOUT_RESERVE_BPS,
  };
  return [
    Payouts,
    PayoutDesk,
    PayoutAccounts,
    PayoutUpkeep,
    { provide: PayoutStore, useClass: PgPayoutStore },
    { provide: PayoutBooks, useClass: PgPayoutBooks },
    { provide: PayoutEvents, useClass: CountedPayoutEvents },
    { provide: PayoutRules, useValue: new PayoutRules(terms, times) },
    { provide: PayoutSchedule, useValue: new PayoutSchedule(times) },
    {
      provide: PayoutJobs,
      inject: [PayoutQueue, PayoutUpkeep],
      useFactory: (queue: PayoutQueue, upkeep: PayoutUpkeep) =>
        new PayoutJobs(timers(settings, queue, upkeep)),
    },
    ...providerParts(settings),
    ...queueParts(settings),
  ];
}

function timers(
  settings: AccountsSettings,
  queue: PayoutQueue,
  upkeep: PayoutUpkeep,
): readonly BackgroundJob[] {
  if (settings.ACCOUNTS_REDIS_URL !== undefined) {
    return [job('payout queue', ensureIntervalMs, () => queue.ensure())];
  }
  return [job('payouts', settings.ACCOUNTS_PAYOUT_SWEEP_INTERVAL_MS, () => upkeep.sweep())];
}

type ProviderSettings = Pick<
  AccountsSettings,
  | 'ACCOUNTS_STRIPE_SECRET_KEY'
  | 'ACCOUNTS_STRIPE_URL'
  | 'ACCOUNTS_PAYOUT_RETURN_URL'
  | 'ACCOUNTS_PAYOUT_ANSWER_MS_MAX'
>;

/** Whoever pays sellers, as they are set up. */
export function payoutProviders(settings: ProviderSettings) {
  const providers = new Map<PayoutProviderKind, PayoutProvider>([['csv', new CsvPayouts()]]);
  const { ACCOUNTS_STRIPE_SECRET_KEY: secretKey, ACCOUNTS_PAYOUT_RETURN_URL: returnUrl } = settings;
  if (secretKey === '' || returnUrl === undefined) {
    return { providers: new PayoutProviders(providers), onboarding: new NoOnboarding() };
  }
  // When to ask again is decided with the ledger at hand, except once where a connection broke.
  const stripe = openStripe({
    secretKey,
    url: settings.ACCOUNTS_STRIPE_URL,
    timeoutMs: settings.ACCOUNTS_PAYOUT_ANSWER_MS_MAX,
    networkRetriesMax: 0,
  });
  providers.set('stripe', new StripePayouts(stripe));
  const onboarding = new StripeOnboarding(stripe, returnUrl);
  return { providers: new PayoutProviders(providers), onboarding };
}

function providerParts(settings: AccountsSettings): Provider[] {
  const { providers, onboarding } = payoutProviders(settings);
  return [
    { provide: PayoutProviders, useValue: providers },
    { provide: PayoutOnboarding, useValue: onboarding },
  ];
}

function queueParts(settings: AccountsSettings): Provider[] {
  const url = settings.ACCOUNTS_REDIS_URL;
  if (url === undefined) return [{ provide: PayoutQueue, useClass: DirectPayoutQueue }];
  const options = {
    url,
    runIntervalMs: settings.ACCOUNTS_PAYOUT_RUN_INTERVAL_MS,
    sweepIntervalMs: settings.ACCOUNTS_PAYOUT_SWEEP_INTERVAL_MS,
  };
  const worker = new PayoutWorkerSettings(
    payoutQueueName,
    queueConnection(url),
    settings.ACCOUNTS_PAYOUT_CONCURRENCY,
  );
  return [
    PayoutWorker,
    { provide: PayoutWorkerSettings, useValue: worker },
    {
      provide: PayoutQueue,
      inject: [PayoutEvents],
      useFactory: (events: PayoutEvents) =>
        new BullPayoutQueue(options, (error) => events.failed('payout queue', error)),
    },
  ];
}
