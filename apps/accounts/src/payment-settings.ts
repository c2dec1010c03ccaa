import { ConfigError, setting } from '@aisbf/platform';
import { z } from 'zod';

/** The settings of money that comes from outside. */
export const paymentSettings = {
  ACCOUNTS_PAYMENTS: z
    .enum(['none', 'stripe'])
    .default('none')
    .describe("Who takes payments. none: money comes in by operators' grants only."),
  ACCOUNTS_STRIPE_SECRET_KEY: setting.text('', 'Key of the API of Stripe, sk_… or rk_….'),
  ACCOUNTS_STRIPE_WEBHOOK_SECRET: setting.text(
    '',
    'Secret of the webhook endpoint at Stripe, whsec_…: proves that an event is from there.',
  ),
  ACCOUNTS_STRIPE_URL: z
    .url({ protocol: /^https?$/, error: 'must be a URL' })
    .default('https://api.stripe.com')
    .describe('Where the API of Stripe is; a stand-in for trying it out.'),
  ACCOUNTS_STRIPE_TIMEOUT_MS: setting.durationMs(
    20_000,
    'How long to wait for an answer of Stripe: charging a card takes seconds.',
  ),
  ACCOUNTS_PAYMENT_RETURN_URL: setting.text(
    '',
    "Where a buyer's browser goes after the page of payment, with top_up and result in its query.",
  ),
  ACCOUNTS_TOP_UP_CENTS_MIN: setting.integer(
    500,
    50,
    100_000_000,
    'Least to pay at once: 5 USD, so that the fixed fee of the provider stays small.',
  ),
  ACCOUNTS_TOP_UP_CENTS_MAX: setting.integer(
    100_000,
    50,
    99_999_999,
    'Most to pay at once: 1 000 USD; what a stolen card can buy before anybody looks.',
  ),
  ACCOUNTS_PAYMENT_ANSWER_MS_MAX: setting.durationMs(
    60_000,
    'After which a charge or refund without an answer is asked for again: longer than all retries of one take.',
  ),
  ACCOUNTS_PAYMENTS_INTERVAL_MS: setting.durationMs(
    5_000,
    'How often to look for refunds without an answer, events that wait, and debts that can be collected.',
  ),
  ACCOUNTS_AUTO_TOP_UP_INTERVAL_MS: setting.durationMs(
    5_000,
    'How often wallets that fill themselves are looked at.',
  ),
  ACCOUNTS_AUTO_TOP_UP_FAILURES_MAX: setting.integer(
    3,
    1,
    100,
    'Charges in a row that may fail before an automatic top-up is switched off.',
  ),
  ACCOUNTS_AUTO_TOP_UP_PAUSE_MS: setting.durationMs(
    3_600_000,
    'How long to leave a card alone that was declined: an hour; banks mind hasty ones.',
  ),
  ACCOUNTS_PROMO_EXPIRY_INTERVAL_MS: setting.durationMs(
    60_000,
    'How often promotional money past its expiry is taken back.',
  ),
  ACCOUNTS_PROMO_REFUND_DAYS: setting.integer(
    30,
    1,
    3_650,
    'How long promotional money lives that comes back with a refunded request.',
  ),
};

type PaymentTexts = Readonly<
  Record<
    'ACCOUNTS_STRIPE_SECRET_KEY' | 'ACCOUNTS_STRIPE_WEBHOOK_SECRET' | 'ACCOUNTS_PAYMENT_RETURN_URL',
    string
  >
> &
  Readonly<{ ACCOUNTS_PAYMENTS: 'none' | 'stripe' }>;

/** Stops the start where the provider could not work, with all that it misses. */
export function requirePaymentSettings(settings: PaymentTexts): void {
  if (settings.ACCOUNTS_PAYMENTS === 'none') return;
  const mistakes = (['ACCOUNTS_STRIPE_SECRET_KEY', 'ACCOUNTS_STRIPE_WEBHOOK_SECRET'] as const)
    .filter((name) => settings[name] === '')
    .map((name) => `${name}: must be set, since ACCOUNTS_PAYMENTS is stripe`);
  const returnUrl = z.url({ protocol: /^https?$/ });
  if (!returnUrl.safeParse(settings.ACCOUNTS_PAYMENT_RETURN_URL).success) {
    mistakes.push('ACCOUNTS_PAYMENT_RETURN_URL: must be a URL, since ACCOUNTS_PAYMENTS is stripe');
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes);
}
