/**
 * A payment provider for trying things out: takes no money, and says that it did. See docs/operations.md.
 *
 *   FAKE_STRIPE_WEBHOOK_URL=http://127.0.0.1:8080/api/account/payments/webhook/stripe \
 *     node libs/testkit/dist/run-fake-stripe.js
 */
import { FakeStripe } from './fake-stripe.js';

const stripe = await FakeStripe.start({
  port: Number(process.env.FAKE_STRIPE_PORT ?? 12_111),
  ...(process.env.FAKE_STRIPE_WEBHOOK_URL && { webhookUrl: process.env.FAKE_STRIPE_WEBHOOK_URL }),
});
console.log(`ACCOUNTS_PAYMENTS=stripe
ACCOUNTS_STRIPE_URL=${stripe.url}
ACCOUNTS_STRIPE_SECRET_KEY=${stripe.secretKey}
ACCOUNTS_STRIPE_WEBHOOK_SECRET=${stripe.webhookSecret}
ACCOUNTS_PAYMENT_RETURN_URL=${stripe.url}/`);
