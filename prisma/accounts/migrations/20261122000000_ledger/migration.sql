-- Owners, users, API tokens and the ledger. A fresh schema: no locks to mind.

CREATE TABLE owner (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  kind text NOT NULL CHECK (kind IN ('global', 'user')),
  username text NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  CHECK ((kind = 'global') = (username = 'global'))
);

CREATE TABLE app_user (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  owner_id uuid NOT NULL REFERENCES owner (id),
  username text NOT NULL UNIQUE,
  role text NOT NULL CHECK (role IN ('operator', 'member')),
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE api_token (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  public_id text NOT NULL UNIQUE,
  user_id uuid NOT NULL REFERENCES app_user (id),
  owner_id uuid NOT NULL REFERENCES owner (id),
  name text NOT NULL,
  secret_hash text NOT NULL,
  scopes text[] NOT NULL,
  requests_per_minute_max integer NOT NULL CHECK (requests_per_minute_max > 0),
  tokens_per_minute_max bigint NOT NULL CHECK (tokens_per_minute_max > 0),
  concurrency_max integer NOT NULL CHECK (concurrency_max > 0),
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz,
  revoked_at timestamptz
);
CREATE INDEX api_token_owner_id_idx ON api_token (owner_id);

CREATE TABLE ledger_account (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  kind text NOT NULL CHECK (kind IN (
    'cash_clearing', 'buyer_wallet', 'buyer_promo', 'seller_payable', 'payout_transit', 'platform_fee',
    'promo_expense', 'service_credit', 'dispute_reserve', 'bad_debt', 'buyer_debt')),
  owner_id uuid NOT NULL REFERENCES owner (id),
  currency text NOT NULL DEFAULT 'USD' CHECK (currency = 'USD'),
  UNIQUE (kind, owner_id, currency)
);

-- The only balance that the request path locks: what a buyer has, and what running requests may still take.
CREATE TABLE wallet (
  owner_id uuid PRIMARY KEY REFERENCES owner (id),
  account_id uuid NOT NULL UNIQUE REFERENCES ledger_account (id),
  posted bigint NOT NULL DEFAULT 0,
  held bigint NOT NULL DEFAULT 0,
  CONSTRAINT wallet_held_not_negative CHECK (held >= 0),
  CONSTRAINT wallet_never_overspent CHECK (posted >= held)
);

-- One request: the money set aside for it, and, once it has ended, what became of it.
CREATE TABLE hold (
  id text PRIMARY KEY,
  owner_id uuid NOT NULL REFERENCES owner (id),
  api_token_id uuid NOT NULL REFERENCES api_token (id),
  amount bigint NOT NULL CHECK (amount >= 0),
  parameters_hash text NOT NULL,
  route text NOT NULL,
  is_stream boolean NOT NULL,
  -- Prices and fee of every candidate, as they were at admission; never changed.
  terms jsonb NOT NULL,
  rejections jsonb NOT NULL,
  state text NOT NULL CHECK (state IN ('open', 'declined', 'settled', 'released')),
  decline_code text,
  captured bigint NOT NULL DEFAULT 0,
  epoch integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  resolved_at timestamptz,
  outcome text CHECK (outcome IN ('completed', 'buyer_left', 'seller_failed', 'not_served', 'expired')),
  served_position integer,
  prompt_tokens bigint NOT NULL DEFAULT 0,
  completion_tokens bigint NOT NULL DEFAULT 0,
  reported_prompt_tokens bigint,
  reported_completion_tokens bigint,
  finish_reason text,
  started_at timestamptz,
  first_byte_at timestamptz,
  ended_at timestamptz,
  CONSTRAINT hold_never_overcharged CHECK (captured >= 0 AND captured <= amount),
  CONSTRAINT hold_charged_only_when_settled CHECK (captured = 0 OR state = 'settled'),
  CONSTRAINT hold_decline_has_code CHECK ((state = 'declined') = (decline_code IS NOT NULL)),
  CONSTRAINT hold_resolved_has_outcome CHECK ((state IN ('settled', 'released')) = (outcome IS NOT NULL))
);
CREATE INDEX hold_open_expires_at_idx ON hold (expires_at) WHERE state = 'open';
CREATE INDEX hold_open_api_token_id_idx ON hold (api_token_id) WHERE state = 'open';
CREATE INDEX hold_owner_id_created_at_idx ON hold (owner_id, created_at DESC);

CREATE TABLE attempt (
  hold_id text NOT NULL REFERENCES hold (id),
  n integer NOT NULL,
  position integer NOT NULL,
  session_id text,
  session_epoch bigint,
  started_at timestamptz NOT NULL,
  first_byte_at timestamptz,
  ended_at timestamptz NOT NULL,
  result text NOT NULL CHECK (result IN ('served', 'failed', 'cancelled')),
  reason text,
  http_status integer,
  PRIMARY KEY (hold_id, n)
);
CREATE UNIQUE INDEX attempt_one_winner_idx ON attempt (hold_id) WHERE result = 'served';

-- One business event. Append-only: corrections are events of their own.
CREATE TABLE transaction (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  kind text NOT NULL CHECK (kind IN ('usage', 'top_up', 'refund', 'payout', 'adjustment')),
  hold_id text UNIQUE REFERENCES hold (id),
  reverses uuid UNIQUE REFERENCES transaction (id),
  -- The outside event that this is the record of: a grant's id, a payment provider's event.
  external_id text UNIQUE,
  reason text,
  created_at timestamptz NOT NULL DEFAULT now(),
  CHECK ((kind = 'usage') = (hold_id IS NOT NULL))
);

-- From one account to another: balanced by its form. A debit takes from what we owe an owner.
CREATE TABLE transfer (
  transaction_id uuid NOT NULL REFERENCES transaction (id),
  leg smallint NOT NULL CHECK (leg BETWEEN 1 AND 8),
  debit_account_id uuid NOT NULL REFERENCES ledger_account (id),
  credit_account_id uuid NOT NULL REFERENCES ledger_account (id),
  amount bigint NOT NULL CHECK (amount > 0),
  code text NOT NULL,
  PRIMARY KEY (transaction_id, leg),
  CHECK (debit_account_id <> credit_account_id)
);
CREATE INDEX transfer_debit_account_id_idx ON transfer (debit_account_id);
CREATE INDEX transfer_credit_account_id_idx ON transfer (credit_account_id);

-- Events to publish, written with the fact they tell of.
CREATE TABLE outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  message_id text NOT NULL UNIQUE,
  subject text NOT NULL,
  payload jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  published_at timestamptz
);
CREATE INDEX outbox_unpublished_idx ON outbox (id) WHERE published_at IS NULL;

-- Settlements that came after the reaper had taken their hold away. Nothing was charged; a person looks.
CREATE TABLE fenced_settlement (
  hold_id text NOT NULL REFERENCES hold (id),
  epoch integer NOT NULL,
  command jsonb NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (hold_id, epoch)
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER transaction_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON transaction
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER transfer_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON transfer
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'aisbf_accounts') THEN
    REVOKE UPDATE, DELETE, TRUNCATE ON transaction, transfer FROM aisbf_accounts;
  END IF;
END $$;

-- An owner comes with every account that it can need, so that no request ever has to open one.
CREATE FUNCTION open_owner(p_kind text, p_username text) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
  v_owner uuid;
  v_wallet uuid;
BEGIN
  INSERT INTO owner (kind, username) VALUES (p_kind, p_username) RETURNING id INTO v_owner;
  INSERT INTO ledger_account (kind, owner_id) VALUES ('buyer_wallet', v_owner) RETURNING id INTO v_wallet;
  INSERT INTO ledger_account (kind, owner_id) VALUES ('seller_payable', v_owner);
  INSERT INTO wallet (owner_id, account_id) VALUES (v_owner, v_wallet);
  RETURN v_owner;
END $$;

DO $$
DECLARE
  v_global uuid := open_owner('global', 'global');
BEGIN
  INSERT INTO ledger_account (kind, owner_id)
  SELECT kind, v_global FROM unnest(ARRAY['cash_clearing', 'platform_fee']) AS kind;
END $$;

CREATE FUNCTION account_of(p_kind text, p_owner uuid) RETURNS uuid LANGUAGE sql STABLE AS $$
  SELECT id FROM ledger_account WHERE kind = p_kind AND owner_id = p_owner AND currency = 'USD'
$$;

CREATE FUNCTION global_account(p_kind text) RETURNS uuid LANGUAGE sql STABLE AS $$
  SELECT a.id FROM ledger_account a JOIN owner o ON o.id = a.owner_id
  WHERE a.kind = p_kind AND o.kind = 'global' AND a.currency = 'USD'
$$;

-- Sets money aside. The first outcome for an id is the outcome for ever, a decline included.
-- Locks the hold, then the wallet, as every function here does, so that no two can wait for each other.
CREATE FUNCTION authorise(
  p_id text, p_owner uuid, p_api_token uuid, p_amount bigint, p_parameters_hash text,
  p_route text, p_is_stream boolean, p_terms jsonb, p_rejections jsonb, p_expires_at timestamptz,
  p_concurrency_max integer
) RETURNS TABLE (result text, hold_epoch integer, hold_amount bigint, is_replay boolean)
LANGUAGE plpgsql AS $$
DECLARE
  v_hold hold%ROWTYPE;
  v_wallet wallet%ROWTYPE;
  v_decline text;
BEGIN
  INSERT INTO hold (id, owner_id, api_token_id, amount, parameters_hash, route, is_stream, terms,
                    rejections, state, expires_at)
  VALUES (p_id, p_owner, p_api_token, p_amount, p_parameters_hash, p_route, p_is_stream, p_terms,
          p_rejections, 'open', p_expires_at)
  ON CONFLICT (id) DO NOTHING;

  IF NOT FOUND THEN
    SELECT * INTO v_hold FROM hold WHERE id = p_id;
    IF v_hold.parameters_hash <> p_parameters_hash THEN
      RETURN QUERY SELECT 'parameters_differ', v_hold.epoch, v_hold.amount, true;
    ELSE
      RETURN QUERY SELECT coalesce(v_hold.decline_code, 'held'), v_hold.epoch, v_hold.amount, true;
    END IF;
    RETURN;
  END IF;

  SELECT * INTO v_wallet FROM wallet WHERE owner_id = p_owner FOR UPDATE;
  IF NOT EXISTS (
    SELECT FROM api_token
    WHERE id = p_api_token AND owner_id = p_owner AND revoked_at IS NULL
      AND (expires_at IS NULL OR expires_at > clock_timestamp())
  ) THEN
    v_decline := 'api_token_revoked';
  ELSIF (SELECT count(*) FROM hold WHERE api_token_id = p_api_token AND state = 'open') > p_concurrency_max THEN
    v_decline := 'concurrency_exceeded';
  ELSIF v_wallet.posted < p_amount THEN
    v_decline := 'insufficient_balance';
  ELSIF v_wallet.posted - v_wallet.held < p_amount THEN
    v_decline := 'held_by_other_requests';
  END IF;

  IF v_decline IS NOT NULL THEN
    UPDATE hold SET state = 'declined', decline_code = v_decline WHERE id = p_id;
    RETURN QUERY SELECT v_decline, 1, p_amount, false;
    RETURN;
  END IF;

  UPDATE wallet SET held = held + p_amount
  WHERE owner_id = p_owner AND posted - held >= p_amount;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'wallet of % changed under its own lock', p_owner;
  END IF;
  RETURN QUERY SELECT 'held', 1, p_amount, false;
END $$;

-- Ends a request: charges what the caller computed from the hold's own terms, gives back the rest.
CREATE FUNCTION settle(
  p_id text, p_epoch integer, p_outcome text, p_charge bigint, p_fee bigint, p_seller_owner uuid,
  p_served_position integer, p_prompt_tokens bigint, p_completion_tokens bigint,
  p_reported_prompt_tokens bigint, p_reported_completion_tokens bigint, p_finish_reason text,
  p_started_at timestamptz, p_first_byte_at timestamptz, p_ended_at timestamptz,
  p_attempts jsonb, p_subject text, p_event jsonb, p_command jsonb
) RETURNS TABLE (result text, charged bigint)
LANGUAGE plpgsql AS $$
DECLARE
  v_hold hold%ROWTYPE;
  v_state text;
  v_transaction uuid;
  v_buyer_account uuid;
  v_seller_account uuid;
  v_fee_account uuid;
BEGIN
  SELECT * INTO v_hold FROM hold WHERE id = p_id FOR UPDATE;
  IF NOT FOUND THEN
    RETURN QUERY SELECT 'missing', 0::bigint;
    RETURN;
  END IF;
  IF v_hold.state = 'declined' THEN
    RETURN QUERY SELECT 'declined', 0::bigint;
    RETURN;
  END IF;
  IF v_hold.epoch <> p_epoch THEN
    INSERT INTO fenced_settlement (hold_id, epoch, command) VALUES (p_id, p_epoch, p_command)
    ON CONFLICT DO NOTHING;
    RETURN QUERY SELECT 'fenced', 0::bigint;
    RETURN;
  END IF;
  IF v_hold.state <> 'open' THEN
    RETURN QUERY SELECT 'replay', v_hold.captured;
    RETURN;
  END IF;

  IF p_charge > 0 THEN
    -- Looked up here rather than by account_of: a SQL function is planned anew at each call, this once.
    SELECT
      (SELECT account_id FROM wallet WHERE owner_id = v_hold.owner_id),
      (SELECT id FROM ledger_account
       WHERE kind = 'seller_payable' AND owner_id = p_seller_owner AND currency = 'USD'),
      (SELECT a.id FROM ledger_account a JOIN owner o ON o.id = a.owner_id
       WHERE a.kind = 'platform_fee' AND o.username = 'global' AND a.currency = 'USD')
    INTO v_buyer_account, v_seller_account, v_fee_account;
    INSERT INTO transaction (kind, hold_id) VALUES ('usage', p_id) RETURNING id INTO v_transaction;
    IF p_charge > p_fee THEN
      INSERT INTO transfer (transaction_id, leg, debit_account_id, credit_account_id, amount, code)
      VALUES (v_transaction, 1, v_buyer_account, v_seller_account, p_charge - p_fee, 'usage');
    END IF;
    IF p_fee > 0 THEN
      INSERT INTO transfer (transaction_id, leg, debit_account_id, credit_account_id, amount, code)
      VALUES (v_transaction, 2, v_buyer_account, v_fee_account, p_fee, 'fee');
    END IF;
  END IF;

  INSERT INTO attempt (hold_id, n, position, session_id, session_epoch, started_at, first_byte_at,
                       ended_at, result, reason, http_status)
  SELECT p_id, a.n, a.position, a.session_id, a.session_epoch, a.started_at, a.first_byte_at,
         a.ended_at, a.result, a.reason, a.http_status
  FROM jsonb_to_recordset(p_attempts) AS a (
    n integer, position integer, session_id text, session_epoch bigint, started_at timestamptz,
    first_byte_at timestamptz, ended_at timestamptz, result text, reason text, http_status integer);

  INSERT INTO outbox (message_id, subject, payload) VALUES ('usage:' || p_id, p_subject, p_event);

  v_state := CASE WHEN p_outcome IN ('completed', 'buyer_left') THEN 'settled' ELSE 'released' END;
  UPDATE hold SET
    state = v_state, outcome = p_outcome, captured = p_charge, resolved_at = clock_timestamp(),
    served_position = p_served_position, prompt_tokens = p_prompt_tokens,
    completion_tokens = p_completion_tokens, reported_prompt_tokens = p_reported_prompt_tokens,
    reported_completion_tokens = p_reported_completion_tokens, finish_reason = p_finish_reason,
    started_at = p_started_at, first_byte_at = p_first_byte_at, ended_at = p_ended_at
  WHERE id = p_id;

  UPDATE wallet SET held = held - v_hold.amount, posted = posted - p_charge
  WHERE owner_id = v_hold.owner_id;
  RETURN QUERY SELECT v_state, p_charge;
END $$;

-- Takes back holds that nobody settled. The epoch rises first, so that a late settlement is fenced off.
CREATE FUNCTION reap_expired_holds(p_limit integer, p_subject text) RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
  v_hold hold%ROWTYPE;
BEGIN
  FOR v_hold IN
    SELECT * FROM (
      SELECT * FROM hold WHERE state = 'open' AND expires_at <= clock_timestamp()
      ORDER BY expires_at LIMIT p_limit FOR UPDATE SKIP LOCKED
    ) expired ORDER BY owner_id
  LOOP
    UPDATE hold SET epoch = epoch + 1, state = 'released', outcome = 'expired',
                    resolved_at = clock_timestamp()
    WHERE id = v_hold.id;
    INSERT INTO outbox (message_id, subject, payload)
    VALUES ('usage:' || v_hold.id, p_subject, jsonb_build_object(
      'type', 'usage-settled', 'requestId', v_hold.id, 'ownerId', v_hold.owner_id,
      'apiTokenId', v_hold.api_token_id, 'sellerOwnerId', NULL, 'providerId', NULL, 'model', NULL,
      'outcome', 'expired', 'charge', '0', 'fee', '0', 'promptTokens', 0, 'completionTokens', 0,
      'atMs', floor(extract(epoch FROM clock_timestamp()) * 1000)));
    UPDATE wallet SET held = held - v_hold.amount WHERE owner_id = v_hold.owner_id;
    RETURN NEXT v_hold.id;
  END LOOP;
END $$;

-- An operator's grant. The same id again moves nothing; with another amount or owner it is a conflict.
CREATE FUNCTION grant_credit(p_grant text, p_owner uuid, p_amount bigint, p_reason text)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_transaction uuid;
  v_wallet uuid := account_of('buyer_wallet', p_owner);
BEGIN
  INSERT INTO transaction (kind, external_id, reason) VALUES ('top_up', 'grant:' || p_grant, p_reason)
  ON CONFLICT (external_id) DO NOTHING RETURNING id INTO v_transaction;
  IF v_transaction IS NULL THEN
    RETURN CASE WHEN EXISTS (
      SELECT FROM transaction t JOIN transfer f ON f.transaction_id = t.id
      WHERE t.external_id = 'grant:' || p_grant AND f.amount = p_amount
        AND f.credit_account_id = v_wallet
    ) THEN 'replay' ELSE 'parameters_differ' END;
  END IF;
  INSERT INTO transfer (transaction_id, leg, debit_account_id, credit_account_id, amount, code)
  VALUES (v_transaction, 1, global_account('cash_clearing'), v_wallet, p_amount, 'grant');
  UPDATE wallet SET posted = posted + p_amount WHERE owner_id = p_owner;
  RETURN 'granted';
END $$;

-- What every account holds, from its transfers: what we owe is positive, what we are owed negative.
CREATE VIEW ledger_balance AS
  SELECT a.id AS account_id, a.kind, a.owner_id,
    coalesce((SELECT sum(amount) FROM transfer WHERE credit_account_id = a.id), 0)
    - coalesce((SELECT sum(amount) FROM transfer WHERE debit_account_id = a.id), 0) AS balance
  FROM ledger_account a;

-- What a hold's units cost at the prices fixed at admission, by the rule of the price list, in exact numbers.
CREATE VIEW hold_expected_charge AS
  SELECT h.id,
    CASE WHEN h.outcome IN ('completed', 'buyer_left') AND h.served_position IS NOT NULL
          AND (t.terms ->> 'sellerOwnerId')::uuid <> h.owner_id
      THEN least(h.amount::numeric, ceil((
        h.prompt_tokens::numeric * coalesce((t.terms -> 'prices' ->> 'prompt_token')::numeric, 0)
        + h.completion_tokens::numeric * coalesce((t.terms -> 'prices' ->> 'completion_token')::numeric, 0)
        + coalesce((t.terms -> 'prices' ->> 'request')::numeric, 0) * 1000000) / 1000000))
      ELSE 0 END AS charge,
    coalesce((t.terms ->> 'feeBps')::numeric, 0) AS fee_bps
  FROM hold h
  LEFT JOIN LATERAL (SELECT h.terms -> h.served_position AS terms) t ON true
  WHERE h.state IN ('settled', 'released');

-- The oracle: one row a violation, none when every nano-dollar is where it should be.
CREATE VIEW ledger_violations AS
  SELECT 'wallet_posted' AS violation, w.owner_id::text AS subject,
    format('posted %s, transfers %s', w.posted, b.balance) AS detail
  FROM wallet w JOIN ledger_balance b ON b.account_id = w.account_id WHERE w.posted <> b.balance
UNION ALL
  SELECT 'wallet_held', w.owner_id::text, format('held %s, open holds %s', w.held, coalesce(o.amount, 0))
  FROM wallet w
  LEFT JOIN (SELECT owner_id, sum(amount) AS amount FROM hold WHERE state = 'open' GROUP BY owner_id) o
    ON o.owner_id = w.owner_id
  WHERE w.held <> coalesce(o.amount, 0)
UNION ALL
  SELECT 'hold_captured', h.id, format('captured %s, transfers %s', h.captured, coalesce(m.amount, 0))
  FROM hold h
  LEFT JOIN (
    SELECT t.hold_id, sum(f.amount) AS amount FROM transaction t
    JOIN transfer f ON f.transaction_id = t.id WHERE t.hold_id IS NOT NULL GROUP BY t.hold_id) m
    ON m.hold_id = h.id
  WHERE h.captured <> coalesce(m.amount, 0)
UNION ALL
  SELECT 'hold_charge', h.id, format('captured %s, by its terms %s', h.captured, e.charge)
  FROM hold h JOIN hold_expected_charge e ON e.id = h.id WHERE h.captured <> e.charge
UNION ALL
  SELECT 'fee', h.id, format('fee %s of %s at %s basis points', coalesce(f.amount, 0), h.captured, e.fee_bps)
  FROM hold h
  JOIN hold_expected_charge e ON e.id = h.id
  LEFT JOIN transaction t ON t.hold_id = h.id
  LEFT JOIN transfer f ON f.transaction_id = t.id AND f.code = 'fee'
  WHERE coalesce(f.amount, 0) <> floor(h.captured::numeric * e.fee_bps / 10000)
UNION ALL
  SELECT 'outbox_missing', h.id, h.state
  FROM hold h LEFT JOIN outbox o ON o.message_id = 'usage:' || h.id
  WHERE h.state IN ('settled', 'released') AND o.id IS NULL
UNION ALL
  SELECT 'transaction_empty', t.id::text, t.kind
  FROM transaction t WHERE NOT EXISTS (SELECT FROM transfer f WHERE f.transaction_id = t.id)
UNION ALL
  SELECT 'sum_not_zero', 'all accounts', total::text FROM (
    SELECT coalesce((SELECT sum(posted) FROM wallet), 0)
      + coalesce((SELECT sum(balance) FROM ledger_balance WHERE kind <> 'buyer_wallet'), 0) AS total) s
  WHERE total <> 0
UNION ALL
  SELECT 'hold_forgotten', h.id, format('expired at %s', h.expires_at)
  FROM hold h WHERE h.state = 'open' AND h.expires_at < clock_timestamp() - interval '60 seconds';
