-- Checkpoints: what a running request has delivered, kept with its hold, so that a crash of ours costs nobody but us. New
-- columns without a value on `hold`, `receipt`, `lease_extension` and `usage_day`: each is locked for an instant. Functions
-- that are there can be called as before: an older accounts goes on beside this.

-- What was delivered of a running request, by our own count, and what it would cost by the hold's own terms: what is
-- finished (goods that the buyer has, whatever becomes of the rest), and all of it, the finished included.
CREATE TYPE checkpoint AS (
  -- Rises with each one of a request: a late one changes nothing.
  ordinal bigint,
  served_position smallint,
  finished jsonb,
  delivered jsonb,
  finished_cost bigint,
  delivered_cost bigint,
  fee_bps integer
);
CREATE TYPE checkpoint_item AS (n integer, id text, epoch integer, checkpoint checkpoint);

-- Null for nearly all: most requests end sooner than anybody looks. It is gone with the hold.
ALTER TABLE hold ADD COLUMN checkpoint checkpoint;

-- All that was delivered of a request that ended with a crash of ours; `units` is what its buyer paid for.
ALTER TABLE receipt ADD COLUMN delivered jsonb;
-- What its seller got for the rest, from the platform's own money.
ALTER TABLE receipt ADD COLUMN service_credit bigint NOT NULL DEFAULT 0;
ALTER TABLE receipt ADD CONSTRAINT receipt_service_credit_only_of_crash
  CHECK (service_credit = 0 OR (service_credit > 0 AND outcome = 'expired' AND delivered IS NOT NULL)) NOT VALID;

-- Keeps what running requests have come to. Waits for nobody: whoever settles or extends one of them goes first, and it is
-- told again with the next round.
-- - kept
-- - stale: a later one is known, or one with more finished, which is never taken back
-- - busy: somebody is at its hold
-- - missing: there is no open hold of this epoch
CREATE FUNCTION keep_checkpoints(p_items jsonb) RETURNS TABLE (item_n integer, result text) LANGUAGE plpgsql
SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_items checkpoint_item[] := ARRAY(SELECT i FROM jsonb_populate_recordset(NULL::checkpoint_item, p_items) i);
  v_ids text[] := ARRAY(SELECT i.id FROM unnest(v_items) i);
  v_locked text[];
  v_kept integer[];
BEGIN
  v_locked := ARRAY(SELECT h.id FROM hold h WHERE h.id = ANY (v_ids) ORDER BY h.id FOR UPDATE SKIP LOCKED);
  WITH latest AS (
    SELECT DISTINCT ON (i.id) i.n, i.id, i.epoch, i.checkpoint FROM unnest(v_items) i
    ORDER BY i.id, (i.checkpoint).ordinal DESC
  ), kept AS (
    UPDATE hold h SET checkpoint = l.checkpoint FROM latest l
    WHERE h.id = l.id AND h.id = ANY (v_locked) AND h.epoch = l.epoch
      AND ((h.checkpoint).ordinal IS NULL OR ((h.checkpoint).ordinal < (l.checkpoint).ordinal
        AND (h.checkpoint).finished_cost <= (l.checkpoint).finished_cost))
    RETURNING l.n
  )
  SELECT coalesce(array_agg(k.n), '{}') INTO v_kept FROM kept k;
  RETURN QUERY
    SELECT i.n, CASE
      WHEN i.n = ANY (v_kept) THEN 'kept'
      WHEN h.id IS NULL OR h.epoch <> i.epoch THEN 'missing'
      WHEN i.id <> ALL (v_locked) THEN 'busy'
      ELSE 'stale' END
    FROM unnest(v_items) i
    LEFT JOIN LATERAL (SELECT o.id, o.epoch FROM hold o WHERE o.id = i.id OFFSET 0) h ON true;
END $$;

-- The same question as without it, and on the way what the session has come to: that is kept whatever the answer is.
CREATE FUNCTION extend_session(p_id text, p_epoch integer, p_amount bigint, p_expires_at timestamptz, p_checkpoint jsonb)
RETURNS TABLE (result text, hold_amount bigint) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM hold h WHERE h.id = p_id FOR UPDATE;
  PERFORM FROM keep_checkpoints(jsonb_build_array(p_checkpoint));
  RETURN QUERY SELECT e.result, e.hold_amount FROM extend_session(p_id, p_epoch, p_amount, p_expires_at) e;
END $$;

-- What is left of a charge for its seller.
CREATE FUNCTION seller_share(p_charge numeric, p_fee_bps numeric) RETURNS numeric LANGUAGE sql IMMUTABLE
RETURN p_charge - floor(p_charge * p_fee_bps / 10000);

-- A request that nobody has reported the end of, and whose time is over.
CREATE TYPE unreported_request AS (
  id text, owner_id uuid, api_token_id uuid, lease_id text, amount bigint, parameters_hash text, route text,
  is_stream boolean, terms jsonb, rejections jsonb, epoch integer, created_at timestamptz, checkpoint checkpoint
);

-- Ends requests in place of those who should have. The epoch rises, so that a late settlement is fenced off. One with a
-- checkpoint is settled by it: the buyer pays for what was finished, as far as it was held. With what the platform adds the
-- seller has what it would have had if the buyer had paid for all that was delivered. Under the locks of their wallets.
CREATE FUNCTION end_unreported(p_requests unreported_request[], p_subject text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_outbox bigint := nextval(pg_get_serial_sequence('outbox', 'id'));
  v_transactions CONSTANT regclass := pg_get_serial_sequence('transaction', 'id');
  v_ids text[] := ARRAY(SELECT q.id FROM unnest(p_requests) q);
  v_ended ended_request[];
  -- With the holds of theirs that were not needed.
  v_released ended_request[];
BEGIN
  WITH payer AS (
    SELECT o.owner_id, nextval(v_transactions) AS transaction_id
    FROM (SELECT DISTINCT q.owner_id FROM unnest(p_requests) q) o
  ), evidence AS (
    SELECT q.*, (q.checkpoint).served_position, q.terms -> (q.checkpoint).served_position::integer AS served,
      coalesce((q.checkpoint).fee_bps, 0) AS fee_bps,
      least(coalesce((q.checkpoint).finished_cost, 0), q.amount) AS captured,
      least(coalesce((q.checkpoint).delivered_cost, 0), q.amount) AS worth
    FROM unnest(p_requests) q
  ), inserted AS (
    INSERT INTO receipt (id, owner_id, api_token_id, lease_id, amount, parameters_hash, route, is_stream, terms,
      rejections, state, captured, fee, service_credit, transaction_id, outcome, outbox_id, epoch, created_at,
      served_position, seller_owner_id, provider_id, model, units, delivered)
    SELECT e.id, e.owner_id, e.api_token_id, e.lease_id, e.amount, e.parameters_hash, e.route, e.is_stream, e.terms,
      e.rejections,
      -- Where nothing was finished it may be asked for again, under the same idempotency key too.
      CASE WHEN coalesce((e.checkpoint).finished, '{}') = '{}' THEN 'released' ELSE 'settled' END,
      e.captured, floor(e.captured::numeric * e.fee_bps / 10000)::bigint,
      (seller_share(e.worth, e.fee_bps) - seller_share(e.captured, e.fee_bps))::bigint,
      CASE WHEN e.captured > 0 THEN p.transaction_id END, 'expired', v_outbox, e.epoch + 1, e.created_at,
      e.served_position, (e.served ->> 'sellerOwnerId')::uuid, (e.served ->> 'providerId')::uuid, e.served ->> 'model',
      coalesce((e.checkpoint).finished, '{}'), (e.checkpoint).delivered
    FROM evidence e JOIN payer p ON p.owner_id = e.owner_id
    RETURNING id, owner_id, api_token_id, lease_id, amount, captured, fee, seller_owner_id, transaction_id
  )
  SELECT array_agg(ROW (i.*)::ended_request) INTO v_ended FROM inserted i;
  v_released := v_ended || drop_holds(v_ended);
  PERFORM charge_ended(v_released);
  PERFORM release_ended(v_released);
  PERFORM credit_sellers(v_ids);
  PERFORM tell_ended(v_outbox, p_subject, v_ids);
END $$;

-- Takes back holds that nobody settled.
CREATE OR REPLACE FUNCTION reap_expired_holds(p_limit integer, p_subject text) RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
  v_ids text[] := ARRAY(
    SELECT id FROM hold WHERE expires_at <= clock_timestamp() ORDER BY expires_at LIMIT p_limit);
  v_requests unreported_request[];
BEGIN
  -- One that was renewed meanwhile has not expired.
  v_ids := ARRAY(
    SELECT id FROM hold WHERE id = ANY (v_ids) AND expires_at <= clock_timestamp() ORDER BY id FOR UPDATE SKIP LOCKED);
  IF v_ids = '{}' THEN
    RETURN;
  END IF;
  PERFORM FROM wallet WHERE owner_id IN (SELECT owner_id FROM hold WHERE id = ANY (v_ids))
  ORDER BY owner_id FOR UPDATE;
  WITH reaped AS (DELETE FROM hold WHERE id = ANY (v_ids) RETURNING *)
  SELECT array_agg(ROW (h.id, h.owner_id, h.api_token_id, NULL, h.amount, h.parameters_hash, h.route, h.is_stream,
    h.terms, h.rejections, h.epoch, h.created_at, h.checkpoint)::unreported_request)
  INTO v_requests FROM reaped h;
  PERFORM end_unreported(v_requests, p_subject);
  RETURN QUERY SELECT unnest(v_ids);
END $$;

-- Pays sellers what a crash of ours would have cost them: a transaction for each request, whose id cannot be used twice.
-- What is paid to a seller is written under no lock of its own, as with any usage: no balance is checked for it.
CREATE FUNCTION credit_sellers(p_receipts text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  WITH credit AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('transaction', 'id')) AS transaction_id, r.id, r.service_credit AS amount,
      account_of('seller_payable', r.seller_owner_id) AS account_id
    FROM receipt r WHERE r.id = ANY (p_receipts) AND r.service_credit > 0
  ), recorded AS (
    INSERT INTO transaction (id, kind, external_id, parameters_hash, reason)
    SELECT c.transaction_id, 'service_credit', 'service_credit:' || c.id,
      encode(sha256(convert_to(c.account_id::text || ':' || c.amount::text, 'UTF8')), 'hex'),
      'delivered before the service failed'
    FROM credit c
  ), queued AS (
    INSERT INTO fold_queue SELECT c.transaction_id FROM credit c
  )
  INSERT INTO transfer (transaction_id, leg, debit_account_id, credit_account_id, amount, code)
  SELECT c.transaction_id, 1, global_account('service_credit'), c.account_id, c.amount, 'service_credit' FROM credit c;
END $$;

-- Requests of leases ---------------------------------------------------------------------------------------------------

-- What a running request of a lease has come to stands where it stands how much more it was given: whoever settles it takes
-- both away already. `held` is what a hold would say of it: its ticket, which is not here otherwise.
ALTER TABLE lease_extension ADD COLUMN held jsonb;
ALTER TABLE lease_extension ADD COLUMN checkpoint checkpoint;
CREATE TYPE leased_checkpoint_item AS (n integer, id text, lease_id text, amount bigint, held jsonb, checkpoint checkpoint);

-- The same as `keep_checkpoints`, but that it waits for its wallets: all that is said of leases is written under their locks.
CREATE FUNCTION keep_leased_checkpoints(p_items jsonb) RETURNS TABLE (item_n integer, result text) LANGUAGE plpgsql
SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_items leased_checkpoint_item[] := ARRAY(
    SELECT i FROM jsonb_populate_recordset(NULL::leased_checkpoint_item, p_items) i);
  v_leases text[] := ARRAY(SELECT DISTINCT i.lease_id FROM unnest(v_items) i);
  v_running text[];
  v_kept text[];
BEGIN
  PERFORM FROM wallet WHERE owner_id = ANY (ARRAY(SELECT l.owner_id FROM lease l WHERE l.id = ANY (v_leases)))
  ORDER BY owner_id FOR UPDATE;
  v_running := ARRAY(
    SELECT i.id FROM unnest(v_items) i JOIN lease l ON l.id = i.lease_id AND l.id = ANY (v_leases)
    LEFT JOIN LATERAL (SELECT o.id FROM receipt o WHERE o.id = i.id OFFSET 0) r ON true
    WHERE l.state <> 'closed' AND l.owner_id = (i.held ->> 'owner_id')::uuid AND r.id IS NULL);
  WITH kept AS (
    INSERT INTO lease_extension AS x (lease_id, request_id, amount, held, checkpoint)
    SELECT DISTINCT ON (i.lease_id, i.id) i.lease_id, i.id, i.amount, i.held, i.checkpoint FROM unnest(v_items) i
    WHERE i.id = ANY (v_running) ORDER BY i.lease_id, i.id, (i.checkpoint).ordinal DESC
    ON CONFLICT (lease_id, request_id) DO UPDATE SET held = coalesce(x.held, excluded.held), checkpoint = excluded.checkpoint
    WHERE (x.checkpoint).ordinal IS NULL OR ((x.checkpoint).ordinal < (excluded.checkpoint).ordinal
      AND (x.checkpoint).finished_cost <= (excluded.checkpoint).finished_cost)
    RETURNING x.request_id || ' ' || (x.checkpoint).ordinal AS name
  )
  SELECT coalesce(array_agg(k.name), '{}') INTO v_kept FROM kept k;
  RETURN QUERY
    SELECT i.n, CASE
      WHEN i.id || ' ' || (i.checkpoint).ordinal = ANY (v_kept) THEN 'kept'
      WHEN i.id = ANY (v_running) THEN 'stale'
      ELSE 'missing' END
    FROM unnest(v_items) i;
END $$;

-- Takes back leases that nobody closed, or whose requests nobody settled: what has come of those is settled first. An older
-- accounts calls it without a subject.
DROP FUNCTION reap_expired_leases(integer);
CREATE FUNCTION reap_expired_leases(p_limit integer, p_subject text DEFAULT 'aisbf.accounts.usage-settled')
RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  v_ids text[] := ARRAY(
    SELECT id FROM lease WHERE state <> 'closed' AND expires_at <= clock_timestamp() ORDER BY expires_at LIMIT p_limit);
  v_lease lease%ROWTYPE;
  v_requests unreported_request[];
BEGIN
  -- Locks in the order of all others: a request may have been admitted by a hold too.
  PERFORM FROM hold WHERE id = ANY (ARRAY(
    SELECT x.request_id FROM lease_extension x WHERE x.lease_id = ANY (v_ids) AND x.held IS NOT NULL))
  ORDER BY id FOR UPDATE;
  FOR v_lease IN SELECT * FROM lease WHERE id = ANY (v_ids) ORDER BY owner_id, id LOOP
    PERFORM FROM wallet WHERE owner_id = v_lease.owner_id FOR UPDATE;
    SELECT * INTO v_lease FROM lease WHERE id = v_lease.id FOR UPDATE;
    CONTINUE WHEN v_lease.state = 'closed';
    SELECT array_agg(ROW (x.request_id, v_lease.owner_id, v_lease.api_token_id, v_lease.id, x.amount,
      w.parameters_hash, w.route, w.is_stream, w.terms, w.rejections, w.epoch, w.created_at,
      x.checkpoint)::unreported_request) INTO v_requests
    FROM lease_extension x CROSS JOIN LATERAL jsonb_populate_record(NULL::hold, x.held) w
    WHERE x.lease_id = v_lease.id AND x.held IS NOT NULL
      AND NOT EXISTS (SELECT FROM receipt r WHERE r.id = x.request_id);
    IF v_requests IS NOT NULL THEN
      PERFORM end_unreported(v_requests, p_subject);
      SELECT * INTO v_lease FROM lease WHERE id = v_lease.id;
    END IF;
    UPDATE wallet SET held = held - (v_lease.issued_max + v_lease.extended - v_lease.settled)
    WHERE owner_id = v_lease.owner_id;
    PERFORM take_load(
      v_lease.api_token_id, v_lease.settled - v_lease.issued_max - v_lease.extended, -v_lease.slots);
    DELETE FROM lease_extension WHERE lease_id = v_lease.id;
    UPDATE lease SET state = 'closed', slots = 0 WHERE id = v_lease.id;
    RETURN NEXT v_lease.id;
  END LOOP;
END $$;
