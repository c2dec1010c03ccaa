-- Payouts to sellers, and what statements are read from: the sums of usage, by day and by all that a statement can be
-- split by. Locks `receipt` while its indexes and sums are made: run it while accounts is stopped. Before and after:
-- `SELECT count(*), sum(captured), sum(fee) FROM receipt WHERE state <> 'declined'` (after, also of `usage_day`).

-- One moment for all that one commit moves -----------------------------------------------------------------------------

-- A receipt and its transaction are of the same moment, so that a day's receipts are what the ledger moved that day.
ALTER TABLE receipt ALTER COLUMN resolved_at SET DEFAULT now();
ALTER TABLE transaction ALTER COLUMN created_at SET DEFAULT now();

ALTER TABLE receipt DISABLE TRIGGER receipt_append_only;
UPDATE receipt r SET resolved_at = t.created_at
FROM transaction t WHERE t.id = r.transaction_id AND r.resolved_at <> t.created_at;
ALTER TABLE receipt ENABLE TRIGGER receipt_append_only;

-- Receipts are listed by when they ended. As many indexes as before: what settles a request is not slowed down.
DROP INDEX receipt_owner_id_created_at_idx;
DROP INDEX receipt_seller_owner_id_created_at_idx;
CREATE INDEX receipt_owner_id_resolved_at_idx ON receipt (owner_id, resolved_at DESC, id DESC);
CREATE INDEX receipt_seller_owner_id_resolved_at_idx ON receipt (seller_owner_id, resolved_at DESC, id DESC)
  WHERE seller_owner_id IS NOT NULL;
-- All that is no usage: few, and looked for by their time.
CREATE INDEX transaction_other_created_at_idx ON transaction (created_at) WHERE kind <> 'usage';

-- Usage ----------------------------------------------------------------------------------------------------------------

-- What receipts add up to. Names are as the receipts have them; '' where nobody served. Units are our own counts.
-- `slice` stands for all that the sums are split by, which would be too long for an index.
CREATE TABLE usage_day (
  owner_id uuid NOT NULL,
  day date NOT NULL,
  slice bytea NOT NULL,
  api_token_id uuid NOT NULL,
  route text NOT NULL,
  model text NOT NULL,
  provider text NOT NULL,
  outcome text NOT NULL,
  seller_owner_id uuid,
  requests numeric NOT NULL,
  charged numeric NOT NULL,
  fee numeric NOT NULL,
  prompt_token numeric NOT NULL,
  cached_prompt_token numeric NOT NULL,
  completion_token numeric NOT NULL,
  reasoning_token numeric NOT NULL,
  image numeric NOT NULL,
  audio_second numeric NOT NULL,
  video_second numeric NOT NULL,
  PRIMARY KEY (owner_id, day, slice)
) WITH (fillfactor = 70);
CREATE INDEX usage_day_seller_owner_id_day_idx ON usage_day (seller_owner_id, day) WHERE seller_owner_id IS NOT NULL;

-- Receipts that are not yet among them: all that settling a request writes for its statement. Rows are taken, never
-- followed by their id: ids become visible out of order.
CREATE TABLE usage_fresh (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  receipt_id text NOT NULL
);

-- Who served, as the receipt says it; '' where nobody did.
CREATE FUNCTION receipt_provider(p_receipt receipt) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(p_receipt.terms -> p_receipt.served_position ->> 'providerLabel', '')
$$;

-- What one receipt adds to them: the one place that says how.
CREATE FUNCTION usage_of(p_receipt receipt) RETURNS usage_day LANGUAGE sql IMMUTABLE AS $$
  SELECT ROW (p_receipt.owner_id, (p_receipt.resolved_at AT TIME ZONE 'UTC')::date,
    sha256(convert_to(jsonb_build_array(p_receipt.api_token_id, p_receipt.route, p_receipt.model,
      receipt_provider(p_receipt), p_receipt.outcome, p_receipt.seller_owner_id)::text, 'UTF8')),
    p_receipt.api_token_id, p_receipt.route, coalesce(p_receipt.model, ''), receipt_provider(p_receipt),
    p_receipt.outcome, p_receipt.seller_owner_id, 1, p_receipt.captured, p_receipt.fee,
    coalesce((p_receipt.units ->> 'prompt_token')::numeric, 0),
    coalesce((p_receipt.units ->> 'cached_prompt_token')::numeric, 0),
    coalesce((p_receipt.units ->> 'completion_token')::numeric, 0),
    coalesce((p_receipt.units ->> 'reasoning_token')::numeric, 0),
    coalesce((p_receipt.units ->> 'image')::numeric, 0),
    coalesce((p_receipt.units ->> 'audio_second')::numeric, 0),
    coalesce((p_receipt.units ->> 'video_second')::numeric, 0))::usage_day
$$;

CREATE FUNCTION note_usage() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO usage_fresh (receipt_id) SELECT id FROM ended WHERE state <> 'declined';
  RETURN NULL;
END $$;

-- Folds up to `p_limit` rows into the days. Gives how many they were.
CREATE FUNCTION fold_usage(p_limit integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  v_count integer;
BEGIN
  WITH taken AS (
    DELETE FROM usage_fresh WHERE id IN (
      SELECT id FROM usage_fresh ORDER BY id LIMIT p_limit FOR UPDATE SKIP LOCKED)
    RETURNING receipt_id
  ), folded AS (
    INSERT INTO usage_day AS d
    SELECT u.owner_id, u.day, u.slice, min(u.api_token_id::text)::uuid, min(u.route), min(u.model), min(u.provider),
      min(u.outcome), min(u.seller_owner_id::text)::uuid, sum(u.requests), sum(u.charged), sum(u.fee),
      sum(u.prompt_token), sum(u.cached_prompt_token), sum(u.completion_token), sum(u.reasoning_token),
      sum(u.image), sum(u.audio_second), sum(u.video_second)
    FROM taken t JOIN receipt r ON r.id = t.receipt_id CROSS JOIN LATERAL usage_of(r) u
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (owner_id, day, slice) DO UPDATE SET
      requests = d.requests + excluded.requests, charged = d.charged + excluded.charged, fee = d.fee + excluded.fee,
      prompt_token = d.prompt_token + excluded.prompt_token,
      cached_prompt_token = d.cached_prompt_token + excluded.cached_prompt_token,
      completion_token = d.completion_token + excluded.completion_token,
      reasoning_token = d.reasoning_token + excluded.reasoning_token,
      image = d.image + excluded.image, audio_second = d.audio_second + excluded.audio_second,
      video_second = d.video_second + excluded.video_second
  )
  SELECT count(*) INTO v_count FROM taken;
  RETURN v_count;
END $$;

INSERT INTO usage_fresh (receipt_id) SELECT id FROM receipt WHERE state <> 'declined';
SELECT fold_usage(2147483647);

CREATE TRIGGER receipt_usage AFTER INSERT ON receipt REFERENCING NEW TABLE AS ended
  FOR EACH STATEMENT EXECUTE FUNCTION note_usage();

-- All usage: folded, and not yet.
CREATE VIEW usage_sum AS
  SELECT owner_id, day, api_token_id, route, model, provider, outcome, seller_owner_id, requests, charged, fee,
    prompt_token, cached_prompt_token, completion_token, reasoning_token, image, audio_second, video_second
  FROM usage_day
  UNION ALL
  SELECT (f.u).owner_id, (f.u).day, (f.u).api_token_id, (f.u).route, (f.u).model, (f.u).provider, (f.u).outcome,
    (f.u).seller_owner_id, (f.u).requests, (f.u).charged, (f.u).fee, (f.u).prompt_token, (f.u).cached_prompt_token,
    (f.u).completion_token, (f.u).reasoning_token, (f.u).image, (f.u).audio_second, (f.u).video_second
  -- One by one, whatever is guessed of a table that is always nearly empty: never by reading all receipts.
  FROM usage_fresh q CROSS JOIN LATERAL (SELECT usage_of(r) AS u FROM receipt r WHERE r.id = q.receipt_id OFFSET 0) f;

-- Payouts --------------------------------------------------------------------------------------------------------------

-- Where an owner's earnings go: what the payment provider calls the owner. No bank details: those are the provider's.
CREATE TABLE payout_account (
  owner_id uuid PRIMARY KEY REFERENCES owner (id),
  provider text NOT NULL CHECK (provider IN ('stripe', 'csv')),
  destination text NOT NULL CHECK (destination <> ''),
  -- Nothing is paid out before the provider takes it.
  is_ready boolean NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  changed_at timestamptz NOT NULL DEFAULT now()
);

-- Files for a bank. A payout stands in one of them, whenever that is downloaded.
CREATE TABLE payout_batch (
  id uuid PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- - prepared: the money is set aside in payout_transit; nobody was asked to pay it
-- - submitted: the provider may have been asked, once or more, always under this id; the outcome is not known
-- - paid: done, as far as it was not reversed (`reversed`)
-- - failed: final; the money is the owner's again
-- - reversed: final; all of it came back, and is the owner's again
CREATE TABLE payout (
  id uuid PRIMARY KEY,
  owner_id uuid NOT NULL REFERENCES owner (id),
  -- Whole cents: what banks can pay.
  amount bigint NOT NULL CHECK (amount > 0 AND amount % 10000000 = 0),
  provider text NOT NULL,
  destination text NOT NULL,
  state text NOT NULL DEFAULT 'prepared' CHECK (state IN ('prepared', 'submitted', 'paid', 'failed', 'reversed')),
  reversed bigint NOT NULL DEFAULT 0,
  provider_ref text,
  reason text,
  batch_id uuid REFERENCES payout_batch (id),
  -- How often the provider was asked to pay it.
  sends integer NOT NULL DEFAULT 0,
  -- How often the provider was asked what became of it since it last changed.
  looks integer NOT NULL DEFAULT 0,
  -- When to look after it again; null when there is nothing more to come.
  due_at timestamptz DEFAULT now(),
  created_at timestamptz NOT NULL DEFAULT now(),
  submitted_at timestamptz,
  resolved_at timestamptz,
  CONSTRAINT payout_reversed_within_amount CHECK (reversed >= 0 AND reversed <= amount),
  CONSTRAINT payout_reversed_only_when_paid CHECK (
    CASE state WHEN 'paid' THEN reversed < amount WHEN 'reversed' THEN reversed = amount ELSE reversed = 0 END),
  CONSTRAINT payout_resolved_has_time CHECK ((state IN ('paid', 'failed', 'reversed')) = (resolved_at IS NOT NULL)),
  CONSTRAINT payout_sent_when_submitted CHECK ((state = 'prepared') = (sends = 0))
);
CREATE UNIQUE INDEX payout_one_open_key ON payout (owner_id) WHERE state IN ('prepared', 'submitted');
CREATE INDEX payout_owner_id_created_at_idx ON payout (owner_id, created_at DESC, id DESC);
CREATE INDEX payout_due_at_idx ON payout (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX payout_batch_id_idx ON payout (batch_id) WHERE batch_id IS NOT NULL;

-- What an owner has earned, and where that is. `pending`: not old enough to be paid out, whole days (UTC) at a time;
-- the first payout waits longer. What was taken back of earnings counts at once.
CREATE FUNCTION earnings_of(p_owner uuid, p_maturity_days integer, p_first_maturity_days integer)
RETURNS TABLE (earned numeric, pending numeric, in_payout numeric, paid numeric, reversed numeric, is_first boolean)
LANGUAGE sql STABLE AS $$
  WITH p AS (
    SELECT coalesce(sum(amount) FILTER (WHERE state IN ('prepared', 'submitted')), 0) AS in_payout,
      coalesce(sum(amount - reversed) FILTER (WHERE state IN ('paid', 'reversed')), 0) AS paid,
      coalesce(sum(reversed), 0) AS reversed,
      count(*) FILTER (WHERE state = 'paid') = 0 AS is_first
    FROM payout WHERE owner_id = p_owner
  )
  SELECT b.balance, coalesce((
      SELECT sum(u.charged - u.fee) FROM usage_sum u
      WHERE u.seller_owner_id = p_owner AND u.owner_id <> p_owner
        AND u.day >= (now() AT TIME ZONE 'UTC')::date
          - CASE WHEN p.is_first THEN p_first_maturity_days ELSE p_maturity_days END), 0),
    p.in_payout, p.paid, p.reversed, p.is_first
  FROM p, ledger_balance b WHERE b.owner_id = p_owner AND b.kind = 'seller_payable'
$$;

-- What may be paid out of it: whole cents of what is mature, less the reserve, which is rounded up.
CREATE FUNCTION payable_of(p_earned numeric, p_pending numeric, p_reserve_bps integer) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
  SELECT (div(m.mature - div(m.mature * p_reserve_bps + 9999, 10000), 10000000) * 10000000)::bigint
  FROM (SELECT greatest(0, p_earned - p_pending) AS mature) m
$$;

-- Sets the payable earnings of an owner aside. The same id gives the same payout again.
CREATE FUNCTION prepare_payout(p_id uuid, p_owner uuid, p_maturity_days integer, p_first_maturity_days integer,
  p_reserve_bps integer, p_minimum bigint)
RETURNS TABLE (result text, payout_amount bigint) LANGUAGE plpgsql AS $$
DECLARE
  v_account payout_account%ROWTYPE;
  v_amount bigint;
BEGIN
  PERFORM lock_for_payout(p_owner);
  SELECT amount INTO v_amount FROM payout WHERE id = p_id AND owner_id = p_owner;
  IF FOUND THEN
    RETURN QUERY SELECT 'prepared', v_amount;
    RETURN;
  END IF;
  SELECT * INTO v_account FROM payout_account WHERE owner_id = p_owner AND is_ready;
  IF NOT FOUND THEN
    RETURN QUERY SELECT 'no_account', 0::bigint;
    RETURN;
  END IF;
  IF EXISTS (SELECT FROM payout WHERE owner_id = p_owner AND state IN ('prepared', 'submitted')) THEN
    RETURN QUERY SELECT 'another_open', 0::bigint;
    RETURN;
  END IF;
  SELECT payable_of(e.earned, e.pending, p_reserve_bps) INTO v_amount
  FROM earnings_of(p_owner, p_maturity_days, p_first_maturity_days) e;
  IF v_amount < greatest(p_minimum, 1) THEN
    RETURN QUERY SELECT 'too_little', v_amount;
    RETURN;
  END IF;
  INSERT INTO payout (id, owner_id, amount, provider, destination)
  VALUES (p_id, p_owner, v_amount, v_account.provider, v_account.destination);
  PERFORM post_payout(p_id, 'prepared', v_amount, account_of('seller_payable', p_owner),
    global_account('payout_transit'), NULL);
  RETURN QUERY SELECT 'prepared', v_amount;
END $$;

-- In the order in which all locks of wallets are taken, those that `post_transaction` takes among them.
CREATE FUNCTION lock_for_payout(p_owner uuid) RETURNS void LANGUAGE sql AS $$
  SELECT FROM wallet WHERE owner_id = p_owner OR owner_id = (SELECT id FROM owner WHERE kind = 'global')
  ORDER BY owner_id FOR UPDATE
$$;

-- One step of a payout in the ledger, under an id that nothing else can have.
CREATE FUNCTION post_payout(p_id uuid, p_step text, p_amount bigint, p_debit uuid, p_credit uuid, p_reverses text)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_result text;
BEGIN
  SELECT result INTO v_result FROM post_transaction(
    'payout', format('payout:%s:%s', p_id, p_step),
    encode(sha256(convert_to(p_debit::text || ':' || p_credit::text || ':' || p_amount::text, 'UTF8')), 'hex'),
    'payout ' || split_part(p_step, ':', 1),
    (SELECT id FROM transaction WHERE external_id = format('payout:%s:%s', p_id, p_reverses)),
    jsonb_build_array(jsonb_build_object('debit', p_debit, 'credit', p_credit, 'amount', p_amount, 'code', 'payout')));
  IF v_result <> 'posted' THEN
    RAISE EXCEPTION 'payout % was % before: %', p_id, p_step, v_result;
  END IF;
END $$;

-- Takes a payout to ask its provider for it. Whoever knows how often it was asked for is the only one who may now:
-- not another process at the same time, and not after `p_resend_until`, when the provider may have forgotten its id.
CREATE FUNCTION claim_payout(p_id uuid, p_sends integer, p_due interval, p_resend interval) RETURNS SETOF payout
LANGUAGE sql AS $$
  UPDATE payout SET state = 'submitted', sends = sends + 1, submitted_at = coalesce(submitted_at, clock_timestamp()),
    due_at = clock_timestamp() + p_due
  WHERE id = p_id AND sends = p_sends AND batch_id IS NULL
    AND (state = 'prepared' OR (state = 'submitted' AND submitted_at > clock_timestamp() - p_resend))
  RETURNING *
$$;

-- Books what became of a payout. `p_reversed`: how much of it came back, all in all.
-- - booked, or replay where that is known
-- - early: nobody was asked to pay it yet
-- - contradicts: it ended otherwise before; nothing moves, a person looks
CREATE FUNCTION book_payout(p_id uuid, p_outcome text, p_reversed bigint, p_ref text, p_reason text, p_due interval)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_payout payout%ROWTYPE;
  v_transit uuid := global_account('payout_transit');
  v_cash uuid := global_account('cash_clearing');
  v_payable uuid;
BEGIN
  SELECT * INTO v_payout FROM payout WHERE id = p_id;
  IF NOT FOUND THEN
    RETURN 'missing';
  END IF;
  PERFORM lock_for_payout(v_payout.owner_id);
  SELECT * INTO v_payout FROM payout WHERE id = p_id FOR UPDATE;
  v_payable := account_of('seller_payable', v_payout.owner_id);
  IF v_payout.state = 'prepared' THEN
    RETURN 'early';
  END IF;
  IF p_outcome = 'failed' THEN
    IF v_payout.state <> 'submitted' THEN
      RETURN CASE v_payout.state WHEN 'failed' THEN 'replay' ELSE 'contradicts' END;
    END IF;
    PERFORM post_payout(p_id, 'failed', v_payout.amount, v_transit, v_payable, 'prepared');
    UPDATE payout SET state = 'failed', resolved_at = now(), due_at = NULL,
      provider_ref = coalesce(p_ref, provider_ref), reason = p_reason WHERE id = p_id;
    RETURN 'booked';
  END IF;
  IF v_payout.state = 'failed' THEN
    RETURN 'contradicts';
  END IF;
  IF v_payout.state IN ('paid', 'reversed') AND v_payout.reversed >= p_reversed THEN
    RETURN 'replay';
  END IF;
  IF v_payout.state = 'submitted' THEN
    PERFORM post_payout(p_id, 'paid', v_payout.amount, v_transit, v_cash, NULL);
  END IF;
  IF p_reversed > v_payout.reversed THEN
    PERFORM post_payout(p_id, 'reversed:' || p_reversed, p_reversed - v_payout.reversed, v_cash, v_payable, 'paid');
  END IF;
  UPDATE payout SET state = CASE WHEN p_reversed = amount THEN 'reversed' ELSE 'paid' END, reversed = p_reversed,
    provider_ref = coalesce(p_ref, provider_ref), reason = coalesce(p_reason, reason), looks = 0,
    resolved_at = coalesce(resolved_at, now()),
    due_at = CASE WHEN p_reversed = amount THEN NULL ELSE clock_timestamp() + p_due END
  WHERE id = p_id;
  RETURN 'booked';
END $$;

-- Puts all payouts that wait for a bank's file into one. The same id gives the same file again.
CREATE FUNCTION fill_payout_batch(p_batch uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO payout_batch (id) VALUES (p_batch) ON CONFLICT DO NOTHING;
  IF FOUND THEN
    UPDATE payout SET batch_id = p_batch WHERE id IN (
      SELECT id FROM payout WHERE provider = 'csv' AND state = 'submitted' AND batch_id IS NULL
      ORDER BY id FOR UPDATE SKIP LOCKED);
  END IF;
END $$;

-- The oracle -----------------------------------------------------------------------------------------------------------

CREATE VIEW payout_violations AS
WITH booked AS (
  SELECT split_part(t.external_id, ':', 2) AS payout_id,
    coalesce(sum(f.amount) FILTER (WHERE c.kind = 'payout_transit'), 0)
      - coalesce(sum(f.amount) FILTER (WHERE d.kind = 'payout_transit'), 0) AS transit,
    coalesce(sum(f.amount) FILTER (WHERE c.kind = 'seller_payable'), 0)
      - coalesce(sum(f.amount) FILTER (WHERE d.kind = 'seller_payable'), 0) AS payable,
    min(CASE WHEN c.kind = 'seller_payable' THEN c.owner_id::text WHEN d.kind = 'seller_payable' THEN d.owner_id::text END)
      AS owner_min,
    max(CASE WHEN c.kind = 'seller_payable' THEN c.owner_id::text WHEN d.kind = 'seller_payable' THEN d.owner_id::text END)
      AS owner_max
  FROM transaction t
  JOIN transfer f ON f.transaction_id = t.id
  JOIN ledger_account d ON d.id = f.debit_account_id
  JOIN ledger_account c ON c.id = f.credit_account_id
  WHERE t.kind = 'payout' GROUP BY 1
)
  SELECT 'payout_booked' AS violation, coalesce(p.id::text, b.payout_id) AS subject,
    format('%s for %s, in transit %s, earnings %s', p.state, p.amount, b.transit, b.payable) AS detail
  FROM payout p FULL JOIN booked b ON b.payout_id = p.id::text
  WHERE (b.transit = CASE WHEN p.state IN ('prepared', 'submitted') THEN p.amount ELSE 0 END
    AND b.payable = CASE WHEN p.state = 'failed' THEN 0 ELSE p.reversed - p.amount END
    AND b.owner_min = p.owner_id::text AND b.owner_max = p.owner_id::text) IS NOT TRUE
UNION ALL
  SELECT 'payout_beyond_earnings', p.owner_id::text, format('paid out %s, earned %s', p.amount, coalesce(u.earned, 0))
  FROM (SELECT owner_id, sum(amount - reversed) AS amount FROM payout WHERE state <> 'failed' GROUP BY 1) p
  LEFT JOIN (SELECT seller_owner_id, sum(captured - fee) AS earned FROM receipt GROUP BY 1) u
    ON u.seller_owner_id = p.owner_id
  WHERE p.amount > coalesce(u.earned, 0)
UNION ALL
  SELECT 'payout_transit', 'all payouts', format('balance %s, open payouts %s', s.balance, s.amount)
  FROM (
    SELECT (SELECT sum(balance) FROM ledger_balance WHERE kind = 'payout_transit') AS balance,
      coalesce((SELECT sum(amount) FROM payout WHERE state IN ('prepared', 'submitted')), 0) AS amount) s
  WHERE s.balance <> s.amount
UNION ALL
  SELECT 'payout_lost', id::text, format('%s, and nobody will look after it', state)
  FROM payout WHERE state IN ('prepared', 'submitted') AND due_at IS NULL
UNION ALL
  SELECT 'usage_sum', coalesce(r.owner_id, u.owner_id)::text,
    format('on %s receipts %s for %s, sums %s for %s', coalesce(r.day, u.day), r.requests, r.charged, u.requests, u.charged)
  FROM (
    SELECT owner_id, (resolved_at AT TIME ZONE 'UTC')::date AS day, count(*) AS requests, sum(captured) AS charged,
      sum(fee) AS fee
    FROM receipt WHERE state <> 'declined' GROUP BY 1, 2) r
  FULL JOIN (
    SELECT owner_id, day, sum(requests) AS requests, sum(charged) AS charged, sum(fee) AS fee
    FROM usage_sum GROUP BY 1, 2) u ON u.owner_id = r.owner_id AND u.day = r.day
  WHERE (r.requests = u.requests AND r.charged = u.charged AND r.fee = u.fee) IS NOT TRUE
UNION ALL
  SELECT 'receipt_moment', r.id, format('receipt %s, transaction %s', r.resolved_at, t.created_at)
  FROM receipt r JOIN transaction t ON t.id = r.transaction_id WHERE r.resolved_at <> t.created_at;

-- All parts of the oracle as one view, whichever of them there are.
DO $$
BEGIN
  IF to_regclass('ledger_core_violations') IS NULL THEN
    ALTER VIEW ledger_violations RENAME TO ledger_core_violations;
  END IF;
  EXECUTE 'CREATE OR REPLACE VIEW ledger_violations AS ' || (
    SELECT string_agg(format('SELECT violation, subject, detail FROM %I', viewname), ' UNION ALL ' ORDER BY viewname)
    FROM pg_views
    WHERE schemaname = current_schema() AND viewname LIKE '%\_violations' AND viewname <> 'ledger_violations');
END $$;
