-- The ledger in batches. Concurrent calls share one statement and one commit; what is open (`hold`, `lease`) is kept
-- apart from what has ended (`receipt`), so that the tables the request path writes stay small; charges of one batch
-- are one transaction per payer. Rebuilds the tables that hold the ledger: run it while accounts is stopped, it locks
-- them. Before and after: `SELECT sum(posted), sum(held) FROM wallet` and `SELECT count(*) FROM ledger_violations`.

DROP VIEW ledger_violations;
DROP VIEW hold_expected_charge;
DROP VIEW ledger_balance;
DROP FUNCTION authorise, settle, reap_expired_holds, grant_credit, account_of, global_account, open_owner;

ALTER TABLE attempt RENAME TO attempt_v1;
ALTER TABLE fenced_settlement RENAME TO fenced_settlement_v1;
ALTER TABLE transfer RENAME TO transfer_v1;
ALTER TABLE transaction RENAME TO transaction_v1;
ALTER TABLE outbox RENAME TO outbox_v1;
ALTER TABLE hold RENAME TO hold_v1;

-- Index and constraint names are free again for the tables that follow.
DO $$
DECLARE
  v_name text;
BEGIN
  FOR v_name IN
    SELECT indexrelid::regclass::text FROM pg_index
    WHERE indrelid IN ('attempt_v1'::regclass, 'fenced_settlement_v1'::regclass, 'transfer_v1'::regclass,
                       'transaction_v1'::regclass, 'outbox_v1'::regclass, 'hold_v1'::regclass)
  LOOP
    EXECUTE format('ALTER INDEX %s RENAME TO %s', v_name, v_name || '_v1');
  END LOOP;
END $$;

-- Accounts -----------------------------------------------------------------------------------------------------------

-- Every owner has these from the beginning, so that no movement of money ever has to open one.
CREATE FUNCTION open_owner(p_kind text, p_username text) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
  v_owner uuid;
BEGIN
  INSERT INTO owner (kind, username) VALUES (p_kind, p_username) RETURNING id INTO v_owner;
  PERFORM open_accounts(v_owner);
  RETURN v_owner;
END $$;

ALTER TABLE wallet ADD COLUMN promo_account_id uuid UNIQUE REFERENCES ledger_account (id);
ALTER TABLE wallet ADD COLUMN promo bigint NOT NULL DEFAULT 0;
ALTER TABLE wallet DROP CONSTRAINT wallet_never_overspent;
ALTER TABLE wallet ADD CONSTRAINT wallet_posted_not_negative CHECK (posted >= 0);
ALTER TABLE wallet ADD CONSTRAINT wallet_promo_not_negative CHECK (promo >= 0);
ALTER TABLE wallet ADD CONSTRAINT wallet_never_overspent CHECK (posted + promo >= held);
-- Room on each page for the next version of a row: a wallet is written twice a batch, and no index changes with it.
ALTER TABLE wallet SET (fillfactor = 50);

CREATE FUNCTION open_accounts(p_owner uuid) RETURNS void LANGUAGE sql AS $$
  INSERT INTO ledger_account (kind, owner_id)
  SELECT k.kind, p_owner
  FROM unnest(ARRAY['buyer_wallet', 'buyer_promo', 'buyer_debt', 'seller_payable']) AS k (kind)
  ON CONFLICT DO NOTHING;
  INSERT INTO wallet (owner_id, account_id, promo_account_id)
  SELECT p_owner,
    (SELECT id FROM ledger_account WHERE kind = 'buyer_wallet' AND owner_id = p_owner AND currency = 'USD'),
    (SELECT id FROM ledger_account WHERE kind = 'buyer_promo' AND owner_id = p_owner AND currency = 'USD')
  ON CONFLICT (owner_id) DO UPDATE SET promo_account_id = excluded.promo_account_id;
$$;

SELECT open_accounts(id) FROM owner;
ALTER TABLE wallet ALTER COLUMN promo_account_id SET NOT NULL;

INSERT INTO ledger_account (kind, owner_id)
SELECT k.kind, o.id FROM owner o, unnest(ARRAY['cash_clearing', 'payout_transit', 'platform_fee', 'promo_expense',
  'service_credit', 'dispute_reserve', 'bad_debt']) AS k (kind)
WHERE o.kind = 'global'
ON CONFLICT DO NOTHING;

CREATE FUNCTION account_of(p_kind text, p_owner uuid) RETURNS uuid LANGUAGE sql STABLE AS $$
  SELECT id FROM ledger_account WHERE kind = p_kind AND owner_id = p_owner AND currency = 'USD'
$$;

CREATE FUNCTION global_account(p_kind text) RETURNS uuid LANGUAGE sql STABLE AS $$
  SELECT a.id FROM ledger_account a JOIN owner o ON o.id = a.owner_id
  WHERE a.kind = p_kind AND o.kind = 'global' AND a.currency = 'USD'
$$;

-- What is open -------------------------------------------------------------------------------------------------------

-- How many requests a token has running, places that its leases have taken included. Written under its owner's wallet
-- lock only.
CREATE TABLE token_load (
  api_token_id uuid PRIMARY KEY REFERENCES api_token (id),
  open integer NOT NULL DEFAULT 0,
  CONSTRAINT token_load_not_negative CHECK (open >= 0)
) WITH (fillfactor = 50);

-- Money set aside for one running request. Gone when the request has ended: then there is its receipt. No foreign
-- keys here or on receipts and transfers: each would lock a parent's row for every request; the functions below look
-- their parents up, and the oracle looks for orphans.
CREATE TABLE hold (
  id text PRIMARY KEY,
  owner_id uuid NOT NULL,
  api_token_id uuid NOT NULL,
  amount bigint NOT NULL CHECK (amount >= 0),
  parameters_hash text NOT NULL,
  route text NOT NULL,
  is_stream boolean NOT NULL,
  -- Prices and fee of every candidate, as they were at admission; never changed.
  terms jsonb NOT NULL,
  rejections jsonb NOT NULL,
  epoch integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at timestamptz NOT NULL
);
CREATE INDEX hold_expires_at_idx ON hold (expires_at);

-- An allowance: money set aside for many requests of one token, spent in the memory of one router. All counts only
-- rise, so that repeats and late messages do no harm. What is still set aside for it is
-- issued_max + extended - settled.
CREATE TABLE lease (
  id text PRIMARY KEY,
  owner_id uuid NOT NULL REFERENCES owner (id),
  api_token_id uuid NOT NULL REFERENCES api_token (id),
  -- Which router spends it.
  holder text NOT NULL,
  -- - open: its router may issue holds up to issued_max
  -- - closing: nothing more is issued; what was issued is settled or expires
  -- - closed: final; a settlement that still comes is fenced
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closing', 'closed')),
  issued_max bigint NOT NULL CHECK (issued_max >= 0),
  -- What its running requests were given beyond what their router had issued to them.
  extended bigint NOT NULL DEFAULT 0 CHECK (extended >= 0),
  settled bigint NOT NULL DEFAULT 0,
  captured bigint NOT NULL DEFAULT 0,
  settled_count integer NOT NULL DEFAULT 0,
  -- Places among the token's requests that it has taken.
  slots integer NOT NULL CHECK (slots >= 0),
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at timestamptz NOT NULL,
  CONSTRAINT lease_never_overdrawn CHECK (settled >= 0 AND settled <= issued_max + extended),
  CONSTRAINT lease_never_overcharged CHECK (captured >= 0 AND captured <= settled)
) WITH (fillfactor = 50);

-- A running request of a lease that was given more than its ticket says: how much it has in all.
CREATE TABLE lease_extension (
  lease_id text NOT NULL REFERENCES lease (id),
  request_id text NOT NULL,
  amount bigint NOT NULL CHECK (amount >= 0),
  PRIMARY KEY (lease_id, request_id)
);

CREATE INDEX lease_live_owner_id_idx ON lease (owner_id) WHERE state <> 'closed';
CREATE INDEX lease_live_expires_at_idx ON lease (expires_at) WHERE state <> 'closed';

-- Budgets ------------------------------------------------------------------------------------------------------------

-- What a token may spend in a time. `held` is what its holds and leases may still take; it counts against whichever
-- window is current, so that a budget holds at every moment.
CREATE TABLE budget (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  api_token_id uuid NOT NULL REFERENCES api_token (id),
  period text NOT NULL CHECK (period IN ('day', 'week', 'month', 'lifetime')),
  -- Calendar windows begin at midnight UTC (weeks on Monday, months on the 1st); rolling ones end now.
  is_rolling boolean NOT NULL DEFAULT false,
  amount bigint NOT NULL CHECK (amount >= 0),
  held bigint NOT NULL DEFAULT 0 CHECK (held >= 0),
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (api_token_id, period, is_rolling),
  CHECK (NOT (period = 'lifetime' AND is_rolling))
) WITH (fillfactor = 50);

-- What was spent under a budget, in slices: one for a calendar window, an hour each for a rolling one, which is
-- therefore exact to the hour and never too generous.
CREATE TABLE budget_slice (
  budget_id uuid NOT NULL REFERENCES budget (id) ON DELETE CASCADE,
  starts_at timestamptz NOT NULL,
  spent bigint NOT NULL DEFAULT 0 CHECK (spent >= 0),
  PRIMARY KEY (budget_id, starts_at)
) WITH (fillfactor = 50);

-- The slice that a moment belongs to.
CREATE FUNCTION budget_slice_start(p_period text, p_is_rolling boolean, p_at timestamptz) RETURNS timestamptz
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN p_period = 'lifetime' THEN '-infinity'::timestamptz
    WHEN p_is_rolling THEN date_trunc('hour', p_at, 'UTC')
    ELSE date_trunc(p_period, p_at, 'UTC') END
$$;

-- The first slice that counts at a moment. A rolling window counts the hour that it has half left as a whole.
CREATE FUNCTION budget_window_start(p_period text, p_is_rolling boolean, p_at timestamptz) RETURNS timestamptz
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN NOT p_is_rolling THEN budget_slice_start(p_period, false, p_at)
    ELSE date_trunc('hour', p_at - CASE p_period
      WHEN 'day' THEN interval '24 hours' WHEN 'week' THEN interval '7 days' ELSE interval '30 days' END, 'UTC') END
$$;

-- What is left of a budget: never below zero, though a limit that was lowered may be exceeded already.
CREATE FUNCTION budget_left(p_budget budget, p_at timestamptz) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT greatest(0, p_budget.amount - p_budget.held - coalesce((
    SELECT sum(s.spent)::bigint FROM budget_slice s
    WHERE s.budget_id = p_budget.id
      AND s.starts_at >= budget_window_start(p_budget.period, p_budget.is_rolling, p_at)), 0))
$$;

-- What has ended -----------------------------------------------------------------------------------------------------

-- One request that has ended, or was declined: written once, never changed.
CREATE TABLE receipt (
  id text PRIMARY KEY,
  owner_id uuid NOT NULL,
  api_token_id uuid NOT NULL,
  lease_id text,
  amount bigint NOT NULL CHECK (amount >= 0),
  parameters_hash text NOT NULL,
  route text NOT NULL,
  is_stream boolean NOT NULL,
  terms jsonb NOT NULL,
  rejections jsonb NOT NULL,
  state text NOT NULL CHECK (state IN ('declined', 'settled', 'released')),
  decline_code text,
  captured bigint NOT NULL DEFAULT 0,
  fee bigint NOT NULL DEFAULT 0,
  -- Where the money moved, together with that of its batch; null where none did.
  transaction_id bigint,
  outbox_id bigint,
  epoch integer NOT NULL,
  created_at timestamptz NOT NULL,
  resolved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  outcome text CHECK (outcome IN ('completed', 'buyer_left', 'seller_failed', 'not_served', 'expired')),
  served_position smallint,
  seller_owner_id uuid,
  provider_id uuid,
  model text,
  units jsonb NOT NULL DEFAULT '{}',
  reported jsonb,
  finish_reason text,
  started_at timestamptz,
  first_byte_at timestamptz,
  ended_at timestamptz,
  attempts jsonb NOT NULL DEFAULT '[]',
  CONSTRAINT receipt_never_overcharged CHECK (captured >= 0 AND captured <= amount),
  CONSTRAINT receipt_fee_within_charge CHECK (fee >= 0 AND fee <= captured),
  CONSTRAINT receipt_charged_only_when_settled CHECK (captured = 0 OR state = 'settled'),
  CONSTRAINT receipt_charge_has_transaction CHECK ((captured > 0) = (transaction_id IS NOT NULL)),
  CONSTRAINT receipt_decline_has_code CHECK ((state = 'declined') = (decline_code IS NOT NULL)),
  CONSTRAINT receipt_end_has_outcome CHECK ((state = 'declined') = (outcome IS NULL))
);
CREATE INDEX receipt_owner_id_created_at_idx ON receipt (owner_id, created_at DESC);
CREATE INDEX receipt_seller_owner_id_created_at_idx ON receipt (seller_owner_id, created_at DESC)
  WHERE seller_owner_id IS NOT NULL;

-- One business event. Append-only: corrections are events of their own.
CREATE TABLE transaction (
  id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('usage', 'grant', 'promo', 'promo_expiry', 'top_up', 'refund', 'dispute',
    'payout', 'service_credit', 'adjustment')),
  -- The outside event that this is the record of: a grant's id, a payment provider's event.
  external_id text,
  -- Tells a repeat from another event under the same id.
  parameters_hash text,
  reverses bigint REFERENCES transaction (id),
  reason text,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK ((external_id IS NULL) = (parameters_hash IS NULL))
);
CREATE UNIQUE INDEX transaction_external_id_key ON transaction (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX transaction_reverses_idx ON transaction (reverses) WHERE reverses IS NOT NULL;

-- From one account to another: balanced by its form. A debit takes from what we owe an owner.
CREATE TABLE transfer (
  transaction_id bigint NOT NULL,
  leg smallint NOT NULL CHECK (leg >= 1),
  debit_account_id uuid NOT NULL,
  credit_account_id uuid NOT NULL,
  amount bigint NOT NULL CHECK (amount > 0),
  code text NOT NULL,
  PRIMARY KEY (transaction_id, leg),
  CHECK (debit_account_id <> credit_account_id)
);
CREATE INDEX transfer_debit_account_id_idx ON transfer (debit_account_id, transaction_id);
CREATE INDEX transfer_credit_account_id_idx ON transfer (credit_account_id, transaction_id);

-- Events to publish, written with the facts they tell of.
CREATE TABLE outbox (
  id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  subject text NOT NULL,
  payload jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  published_at timestamptz
);
CREATE INDEX outbox_unpublished_idx ON outbox (id) WHERE published_at IS NULL;

-- Settlements that came after their money had been taken away. Nothing was charged; a person looks.
CREATE TABLE fenced_settlement (
  hold_id text NOT NULL,
  epoch integer NOT NULL,
  command jsonb NOT NULL,
  received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (hold_id, epoch)
);

-- Sums of transfers, folded by one reader of the queue at a time. Rows are taken from the queue, never followed by an
-- id: ids become visible out of order.
CREATE TABLE account_balance (
  account_id uuid PRIMARY KEY,
  balance numeric NOT NULL
);
CREATE TABLE account_day (
  account_id uuid NOT NULL,
  day date NOT NULL,
  credited numeric NOT NULL DEFAULT 0,
  debited numeric NOT NULL DEFAULT 0,
  PRIMARY KEY (account_id, day)
);
CREATE TABLE fold_queue (
  transaction_id bigint PRIMARY KEY
);

-- What there was -----------------------------------------------------------------------------------------------------

INSERT INTO transaction (id, kind, external_id, parameters_hash, reason, created_at)
SELECT row_number() OVER (ORDER BY t.created_at, t.id),
  CASE t.kind WHEN 'top_up' THEN 'grant' ELSE t.kind END, t.external_id,
  CASE WHEN t.external_id IS NOT NULL THEN
    encode(sha256(convert_to(f.credit_account_id::text || ':' || f.amount::text, 'UTF8')), 'hex') END,
  t.reason, t.created_at
FROM transaction_v1 t LEFT JOIN transfer_v1 f ON f.transaction_id = t.id AND f.leg = 1;

CREATE TEMPORARY TABLE transaction_number ON COMMIT DROP AS
SELECT t.id AS former, row_number() OVER (ORDER BY t.created_at, t.id) AS id FROM transaction_v1 t;

INSERT INTO transfer (transaction_id, leg, debit_account_id, credit_account_id, amount, code)
SELECT n.id, f.leg, f.debit_account_id, f.credit_account_id, f.amount, f.code
FROM transfer_v1 f JOIN transaction_number n ON n.former = f.transaction_id;

INSERT INTO fold_queue SELECT id FROM transaction;
SELECT setval(pg_get_serial_sequence('transaction', 'id'), (SELECT coalesce(max(id), 0) + 1 FROM transaction), false);

INSERT INTO outbox (id, subject, payload, created_at, published_at)
SELECT id, subject, payload, created_at, published_at FROM outbox_v1 WHERE message_id NOT LIKE 'usage:%'
UNION ALL
SELECT o.id, o.subject, jsonb_build_object('type', 'usage-settled', 'usages', jsonb_build_array(
    (o.payload - 'type' - 'promptTokens' - 'completionTokens') || jsonb_build_object(
      'leaseId', NULL, 'hold', h.amount::text, 'units', jsonb_build_object(
        'prompt_token', o.payload -> 'promptTokens', 'completion_token', o.payload -> 'completionTokens')))),
  o.created_at, o.published_at
FROM outbox_v1 o JOIN hold_v1 h ON o.message_id = 'usage:' || h.id;
SELECT setval(pg_get_serial_sequence('outbox', 'id'), (SELECT coalesce(max(id), 0) + 1 FROM outbox), false);

INSERT INTO hold (id, owner_id, api_token_id, amount, parameters_hash, route, is_stream, terms, rejections, epoch,
                  created_at, expires_at)
SELECT id, owner_id, api_token_id, amount, parameters_hash, route, is_stream, terms, rejections, epoch, created_at,
       expires_at
FROM hold_v1 WHERE state = 'open';

INSERT INTO token_load (api_token_id, open)
SELECT t.id, (SELECT count(*) FROM hold h WHERE h.api_token_id = t.id) FROM api_token t;

INSERT INTO receipt (id, owner_id, api_token_id, amount, parameters_hash, route, is_stream, terms, rejections, state,
  decline_code, captured, fee, transaction_id, outbox_id, epoch, created_at, resolved_at, outcome, served_position,
  seller_owner_id, provider_id, model, units, reported, finish_reason, started_at, first_byte_at, ended_at, attempts)
SELECT h.id, h.owner_id, h.api_token_id, h.amount, h.parameters_hash, h.route, h.is_stream, h.terms, h.rejections,
  h.state, h.decline_code, h.captured, coalesce(f.amount, 0), n.id, o.id, h.epoch, h.created_at,
  coalesce(h.resolved_at, h.created_at), h.outcome, h.served_position,
  (h.terms -> h.served_position ->> 'sellerOwnerId')::uuid, (h.terms -> h.served_position ->> 'providerId')::uuid,
  h.terms -> h.served_position ->> 'model',
  CASE WHEN h.served_position IS NULL THEN '{}'::jsonb ELSE jsonb_build_object(
    'prompt_token', h.prompt_tokens, 'completion_token', h.completion_tokens, 'request', 1) END,
  CASE WHEN h.reported_prompt_tokens IS NOT NULL THEN jsonb_build_object(
    'promptTokens', h.reported_prompt_tokens, 'completionTokens', h.reported_completion_tokens) END,
  h.finish_reason, h.started_at, h.first_byte_at, h.ended_at,
  coalesce((SELECT jsonb_agg(jsonb_build_object(
      'position', a.position, 'sessionId', a.session_id, 'sessionEpoch', a.session_epoch,
      'startedAtMs', floor(extract(epoch FROM a.started_at) * 1000),
      'firstByteAtMs', floor(extract(epoch FROM a.first_byte_at) * 1000),
      'endedAtMs', floor(extract(epoch FROM a.ended_at) * 1000),
      'result', a.result, 'reason', a.reason, 'httpStatus', a.http_status) ORDER BY a.n)
    FROM attempt_v1 a WHERE a.hold_id = h.id), '[]')
FROM hold_v1 h
LEFT JOIN transaction_v1 t ON t.hold_id = h.id
LEFT JOIN transaction_number n ON n.former = t.id
LEFT JOIN transfer_v1 f ON f.transaction_id = t.id AND f.code = 'fee'
LEFT JOIN outbox_v1 o ON o.message_id = 'usage:' || h.id
WHERE h.state <> 'open';

INSERT INTO fenced_settlement SELECT hold_id, epoch, command, received_at FROM fenced_settlement_v1;

DROP TABLE attempt_v1, fenced_settlement_v1, transfer_v1, transaction_v1, outbox_v1, hold_v1;

CREATE TRIGGER transaction_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON transaction
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER transfer_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON transfer
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER receipt_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON receipt
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'aisbf_accounts') THEN
    REVOKE UPDATE, DELETE, TRUNCATE ON transaction, transfer, receipt FROM aisbf_accounts;
  END IF;
END $$;
