-- Money that comes from outside and goes back there: top-ups, refunds, disputes, promotional money. New tables only:
-- no locks to mind. How the money moves stands in the two migrations that follow, what it must add up to in the third.


-- One payment into a wallet. Written before the provider is asked, so that whatever the provider tells of is known.
CREATE TABLE top_up (
  id uuid PRIMARY KEY,
  owner_id uuid NOT NULL REFERENCES owner (id),
  provider text NOT NULL,
  -- `checkout`: a person pays on the provider's page. `auto`: a saved method is charged.
  kind text NOT NULL CHECK (kind IN ('checkout', 'auto')),
  amount bigint NOT NULL CHECK (amount > 0),
  -- - created: nothing is paid yet
  -- - failed: nothing will be paid; but where the provider says otherwise later, it is paid
  -- - paid: booked; what has gone back since are its refunds and disputes
  state text NOT NULL DEFAULT 'created' CHECK (state IN ('created', 'failed', 'paid')),
  saves_method boolean NOT NULL,
  -- As the provider is asked; fixed here, so that asking again asks for the same thing.
  customer_id text,
  method_id text,
  checkout_url text,
  payment_id text,
  paid bigint NOT NULL DEFAULT 0 CHECK (paid >= 0),
  transaction_id bigint,
  failure text,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- When the provider was last asked to charge a saved method.
  asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  resolved_at timestamptz,
  UNIQUE (provider, payment_id),
  CHECK ((state = 'paid') = (transaction_id IS NOT NULL)),
  CHECK ((state = 'paid') = (paid > 0)),
  CHECK ((state = 'paid') = (payment_id IS NOT NULL))
);
CREATE INDEX top_up_owner_id_created_at_idx ON top_up (owner_id, created_at DESC);
-- One charge at a time, however many replicas look.
CREATE UNIQUE INDEX top_up_one_auto_idx ON top_up (owner_id) WHERE kind = 'auto' AND state = 'created';

-- How a provider knows an owner, and what of its may be charged again.
CREATE TABLE payment_method (
  provider text NOT NULL,
  owner_id uuid NOT NULL REFERENCES owner (id),
  customer_id text NOT NULL,
  method_id text NOT NULL,
  saved_at timestamptz NOT NULL,
  PRIMARY KEY (provider, owner_id)
);

CREATE TABLE auto_top_up (
  owner_id uuid PRIMARY KEY REFERENCES owner (id),
  is_enabled boolean NOT NULL,
  -- Charged when less than this is available.
  threshold bigint NOT NULL CHECK (threshold > 0),
  amount bigint NOT NULL CHECK (amount > 0),
  -- All that may be charged in a calendar month (UTC).
  monthly_max bigint NOT NULL CHECK (monthly_max >= amount),
  -- Charges that failed since the last one that did not.
  failures integer NOT NULL DEFAULT 0,
  failed_at timestamptz,
  failure text,
  disabled_reason text,
  CHECK (is_enabled = (disabled_reason IS NULL))
);
CREATE INDEX auto_top_up_enabled_idx ON auto_top_up (owner_id) WHERE is_enabled;

-- What a provider told us, each event once, in our own words: who paid and with which card is the provider's to keep.
CREATE TABLE payment_event (
  provider text NOT NULL,
  id text NOT NULL,
  type text NOT NULL,
  occurred_at timestamptz NOT NULL,
  event jsonb NOT NULL,
  payment_id text,
  -- - waiting: of a payment that we have not heard of yet
  -- - done
  -- - ignored: means nothing to us
  -- - refused: cannot be booked; a person looks at it
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'ignored', 'refused')),
  reason text,
  received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  processed_at timestamptz,
  PRIMARY KEY (provider, id)
);
CREATE INDEX payment_event_waiting_idx ON payment_event (provider, payment_id) WHERE state = 'waiting';
CREATE INDEX payment_event_refused_idx ON payment_event (received_at) WHERE state = 'refused';

-- Money that goes back the way it came. It leaves the wallet before the provider is asked.
CREATE TABLE refund (
  id uuid PRIMARY KEY,
  top_up_id uuid NOT NULL REFERENCES top_up (id),
  owner_id uuid NOT NULL,
  amount bigint NOT NULL CHECK (amount > 0),
  reason text NOT NULL,
  -- False: somebody made it at the provider, past us.
  is_ours boolean NOT NULL,
  provider text NOT NULL,
  provider_refund_id text,
  -- Only ever forward: a provider may find out late that the money could not be sent.
  -- - submitted: out of the wallet; the provider has it, or will be asked until it does
  -- - succeeded
  -- - failed: back in the wallet
  state text NOT NULL DEFAULT 'submitted' CHECK (state IN ('submitted', 'succeeded', 'failed')),
  failure text,
  -- Null for one that was never booked: it had failed when we first heard of it.
  transaction_id bigint,
  reversal_id bigint,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (provider, provider_refund_id),
  CHECK ((state = 'failed' AND transaction_id IS NOT NULL) = (reversal_id IS NOT NULL))
);
CREATE INDEX refund_top_up_id_idx ON refund (top_up_id);
CREATE INDEX refund_submitted_idx ON refund (asked_at) WHERE state = 'submitted' AND is_ours;

-- A buyer's bank takes a payment back. States only ever go forward in this order.
CREATE TABLE dispute (
  provider text NOT NULL,
  id text NOT NULL,
  top_up_id uuid NOT NULL REFERENCES top_up (id),
  owner_id uuid NOT NULL,
  amount bigint NOT NULL CHECK (amount > 0),
  reason text NOT NULL,
  -- - inquiry: a question, no money moves
  -- - open: the provider has taken the money; it lies in `dispute_reserve`
  -- - lost: it is gone
  -- - won: it is back with the buyer; may follow `lost`, by an appeal
  -- - dismissed: an inquiry, or a dispute, that came to nothing: as `won`
  state text NOT NULL CHECK (state IN ('inquiry', 'open', 'lost', 'won', 'dismissed')),
  -- What the provider takes for it, in the end: ours to bear.
  fee bigint NOT NULL DEFAULT 0 CHECK (fee >= 0),
  as_of timestamptz NOT NULL,
  -- Where the disputed money is: nowhere yet, in the reserve, gone, or back.
  money text NOT NULL DEFAULT 'untouched' CHECK (money IN ('untouched', 'reserved', 'lost', 'returned')),
  opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (provider, id)
);
CREATE INDEX dispute_top_up_id_idx ON dispute (top_up_id);

-- Owners that may owe us: what their wallets get free is collected.
CREATE TABLE debtor (
  owner_id uuid PRIMARY KEY REFERENCES owner (id),
  since timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Promotional money is spent by earliest expiry. Spending does not say from which grant it takes: that follows from
-- `remaining`, what there was of each when money last came or went otherwise (see `reckon_promo`).
CREATE TABLE promo_grant (
  id uuid PRIMARY KEY,
  owner_id uuid NOT NULL REFERENCES owner (id),
  amount bigint NOT NULL CHECK (amount > 0),
  -- `grant`: an operator's. `refund`: it came back with a refunded request.
  origin text NOT NULL CHECK (origin IN ('grant', 'refund')),
  reason text NOT NULL,
  remaining bigint NOT NULL CHECK (remaining >= 0),
  expired bigint NOT NULL DEFAULT 0 CHECK (expired >= 0),
  expires_at timestamptz NOT NULL,
  -- Past its expiry, and nothing of it is left.
  is_closed boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK (remaining + expired <= amount),
  CHECK (NOT is_closed OR remaining = 0)
);
CREATE INDEX promo_grant_live_idx ON promo_grant (owner_id, expires_at) WHERE NOT is_closed;
CREATE INDEX promo_grant_expires_at_idx ON promo_grant (expires_at) WHERE NOT is_closed;

-- What was given back of the charge of one request.
CREATE TABLE request_refund (
  id uuid PRIMARY KEY,
  receipt_id text NOT NULL,
  owner_id uuid NOT NULL,
  amount bigint NOT NULL CHECK (amount > 0),
  -- Of the amount: the platform's fee, what the seller gives, what the seller has been paid already.
  fee bigint NOT NULL CHECK (fee >= 0),
  seller bigint NOT NULL CHECK (seller >= 0),
  service bigint NOT NULL CHECK (service >= 0),
  seller_owner_id uuid NOT NULL,
  -- Of the amount: what is promotional money again.
  promo bigint NOT NULL CHECK (promo >= 0 AND promo <= amount),
  usage_transaction_id bigint NOT NULL,
  reason text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK (fee + seller + service = amount)
);
CREATE INDEX request_refund_receipt_id_idx ON request_refund (receipt_id);
CREATE INDEX request_refund_usage_transaction_id_idx ON request_refund (usage_transaction_id);

-- Which of the above a transaction is a part of: the oracle adds them up.
CREATE TABLE transaction_subject (
  transaction_id bigint PRIMARY KEY REFERENCES transaction (id),
  kind text NOT NULL CHECK (kind IN ('top_up', 'refund', 'dispute', 'promo', 'request_refund')),
  id text NOT NULL
);
CREATE INDEX transaction_subject_kind_id_idx ON transaction_subject (kind, id);
CREATE TRIGGER transaction_subject_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON transaction_subject
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER request_refund_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON request_refund
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'aisbf_accounts') THEN
    REVOKE UPDATE, DELETE, TRUNCATE ON transaction_subject, request_refund FROM aisbf_accounts;
  END IF;
END $$;
