-- The only ways in which money moves. Each takes its locks in the same order, so that no two can wait for each other:
-- holds by id, wallets by owner, then what belongs to an owner (loads, budgets, leases) under its wallet's lock.
-- Replaces functions only: no locks to mind.

-- Sets money aside for each item of a batch. The first outcome for an id is the outcome for ever, a decline included.
-- But for `recall`: what is missing lies in leases of the owner. Nothing is recorded, and whoever asks may call them
-- back and ask again.
CREATE TYPE authorise_item AS (
  n integer, id text, owner_id uuid, api_token_id uuid, amount bigint, parameters_hash text, route text, is_stream boolean,
  terms jsonb, rejections jsonb, expires_at timestamptz, concurrency_max integer, may_recall boolean
);

CREATE FUNCTION authorise(p_items jsonb)
RETURNS TABLE (item_n integer, result text, hold_epoch integer, hold_amount bigint, is_replay boolean)
LANGUAGE plpgsql AS $$
DECLARE
  v_items authorise_item[] := ARRAY(
    SELECT i FROM jsonb_populate_recordset(NULL::authorise_item, p_items) i ORDER BY i.id, i.n);
  v_fresh text[];
  v_item record;
  v_wallet wallet%ROWTYPE;
  v_token uuid;
  v_token_is_good boolean;
  v_token_load integer;
  v_owner_held bigint := 0;
  v_token_held bigint := 0;
  v_token_opened integer := 0;
  v_decline text;
  v_declined text[] := '{}';
  v_codes text[] := '{}';
  v_recalled text[] := '{}';
  v_ended text[] := '{}';
BEGIN
  WITH inserted AS (
    INSERT INTO hold (id, owner_id, api_token_id, amount, parameters_hash, route, is_stream, terms, rejections,
                      expires_at)
    SELECT i.id, i.owner_id, i.api_token_id, i.amount, i.parameters_hash, i.route, i.is_stream, i.terms,
           i.rejections, i.expires_at
    FROM unnest(v_items) i ORDER BY i.id, i.n
    ON CONFLICT (id) DO NOTHING RETURNING id
  )
  SELECT coalesce(array_agg(id), '{}') INTO v_fresh FROM inserted;

  FOR v_item IN
    SELECT h.id, h.owner_id, h.api_token_id, h.amount, i.concurrency_max, i.may_recall
    FROM hold h
    JOIN (SELECT u.id, min(u.concurrency_max) AS concurrency_max, bool_and(u.may_recall) AS may_recall
      FROM unnest(v_items) u GROUP BY 1) i ON i.id = h.id
    WHERE h.id = ANY (v_fresh) ORDER BY h.owner_id, h.api_token_id, h.id
  LOOP
    IF v_token IS DISTINCT FROM v_item.api_token_id OR v_wallet.owner_id IS DISTINCT FROM v_item.owner_id THEN
      PERFORM take_load(v_token, v_token_held, v_token_opened);
      v_token := v_item.api_token_id;
      v_token_held := 0;
      v_token_opened := 0;
      IF v_wallet.owner_id IS DISTINCT FROM v_item.owner_id THEN
        UPDATE wallet SET held = held + v_owner_held WHERE owner_id = v_wallet.owner_id AND v_owner_held > 0;
        v_owner_held := 0;
        SELECT * INTO v_wallet FROM wallet WHERE owner_id = v_item.owner_id FOR UPDATE;
      END IF;
      SELECT true INTO v_token_is_good FROM api_token
      WHERE id = v_token AND owner_id = v_item.owner_id AND revoked_at IS NULL
        AND (expires_at IS NULL OR expires_at > clock_timestamp());
      SELECT open INTO v_token_load FROM token_load WHERE api_token_id = v_token;
    END IF;

    -- Its request has ended before. Under the lock of its wallet this cannot change any more.
    IF EXISTS (SELECT FROM receipt r WHERE r.id = v_item.id) THEN
      v_ended := v_ended || v_item.id;
      CONTINUE;
    END IF;

    v_decline := CASE
      WHEN v_token_is_good IS NOT TRUE THEN 'api_token_revoked'
      WHEN coalesce(v_token_load, 0) + v_token_opened >= v_item.concurrency_max THEN 'concurrency_exceeded'
      WHEN v_wallet.posted + v_wallet.promo < v_item.amount THEN 'insufficient_balance'
      WHEN v_wallet.posted + v_wallet.promo - v_wallet.held - v_owner_held < v_item.amount
        THEN 'held_by_other_requests'
      WHEN EXISTS (
        SELECT FROM budget b WHERE b.api_token_id = v_token
          AND budget_left(b, clock_timestamp()) - v_token_held < v_item.amount) THEN 'budget_exceeded'
    END;
    IF v_decline IN ('held_by_other_requests', 'concurrency_exceeded') AND v_item.may_recall AND EXISTS (
      SELECT FROM lease l WHERE l.owner_id = v_item.owner_id AND l.state = 'open'
    ) THEN
      v_recalled := v_recalled || v_item.id;
    ELSIF v_decline IS NULL THEN
      v_owner_held := v_owner_held + v_item.amount;
      v_token_held := v_token_held + v_item.amount;
      v_token_opened := v_token_opened + 1;
    ELSE
      v_declined := v_declined || v_item.id;
      v_codes := v_codes || v_decline;
    END IF;
  END LOOP;
  PERFORM take_load(v_token, v_token_held, v_token_opened);
  UPDATE wallet SET held = held + v_owner_held WHERE owner_id = v_wallet.owner_id AND v_owner_held > 0;

  IF v_recalled <> '{}' OR v_ended <> '{}' THEN
    DELETE FROM hold WHERE id = ANY (v_recalled || v_ended);
  END IF;
  IF v_declined <> '{}' THEN
    WITH undone AS (DELETE FROM hold WHERE id = ANY (v_declined) RETURNING *)
    INSERT INTO receipt (id, owner_id, api_token_id, amount, parameters_hash, route, is_stream, terms, rejections,
                         state, decline_code, epoch, created_at)
    SELECT u.id, u.owner_id, u.api_token_id, u.amount, u.parameters_hash, u.route, u.is_stream, u.terms,
           u.rejections, 'declined', d.code, u.epoch, u.created_at
    FROM undone u JOIN unnest(v_declined, v_codes) AS d (id, code) ON d.id = u.id;
  END IF;

  RETURN QUERY
    SELECT i.n,
      CASE
        WHEN i.id = ANY (v_recalled) THEN 'recall'
        WHEN 'request_withdrawn' IN (r.decline_code, r.finish_reason) THEN 'request_withdrawn'
        WHEN coalesce(h.parameters_hash, r.parameters_hash) <> i.parameters_hash THEN 'parameters_differ'
        ELSE coalesce(r.decline_code, 'held') END,
      coalesce(h.epoch, r.epoch, 1), coalesce(h.amount, r.amount, i.amount),
      NOT (i.id = ANY (v_fresh) AND i.id <> ALL (v_ended) AND i.n = min(i.n) OVER (PARTITION BY i.id))
    FROM unnest(v_items) i
    LEFT JOIN hold h ON h.id = i.id
    LEFT JOIN receipt r ON r.id = i.id;
END $$;

-- Counts requests of a token that begin (or end, with negative figures). Under its owner's wallet lock.
CREATE FUNCTION take_load(p_token uuid, p_held bigint, p_opened integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF p_opened <> 0 THEN
    UPDATE token_load SET open = open + p_opened WHERE api_token_id = p_token;
    IF NOT FOUND THEN
      INSERT INTO token_load (api_token_id, open) VALUES (p_token, p_opened);
    END IF;
  END IF;
  IF p_held <> 0 THEN
    UPDATE budget SET held = held + p_held WHERE api_token_id = p_token;
  END IF;
END $$;

-- Sets more aside for a request that runs, where there is more. True where it was done.
CREATE FUNCTION extend_hold(p_id text, p_epoch integer, p_amount bigint)
RETURNS TABLE (result text, hold_amount bigint) LANGUAGE plpgsql AS $$
DECLARE
  v_hold hold%ROWTYPE;
BEGIN
  SELECT * INTO v_hold FROM hold WHERE id = p_id FOR UPDATE;
  IF NOT FOUND OR v_hold.epoch <> p_epoch THEN
    RETURN QUERY SELECT 'missing', 0::bigint;
    RETURN;
  END IF;
  -- A repeat asks for an amount that it has already.
  IF v_hold.amount >= p_amount THEN
    RETURN QUERY SELECT 'held', v_hold.amount;
    RETURN;
  END IF;
  PERFORM FROM wallet WHERE owner_id = v_hold.owner_id FOR UPDATE;
  IF EXISTS (
    SELECT FROM budget b WHERE b.api_token_id = v_hold.api_token_id
      AND budget_left(b, clock_timestamp()) < p_amount - v_hold.amount
  ) THEN
    RETURN QUERY SELECT 'budget_exceeded', v_hold.amount;
    RETURN;
  END IF;
  UPDATE wallet SET held = held + p_amount - v_hold.amount
  WHERE owner_id = v_hold.owner_id AND posted + promo - held >= p_amount - v_hold.amount;
  IF NOT FOUND THEN
    RETURN QUERY SELECT 'insufficient_balance', v_hold.amount;
    RETURN;
  END IF;
  PERFORM take_load(v_hold.api_token_id, p_amount - v_hold.amount, 0);
  UPDATE hold SET amount = p_amount WHERE id = p_id;
  RETURN QUERY SELECT 'held', p_amount;
END $$;

-- Says what a token may spend in a time, from this moment on: what was spent before does not count, what its running
-- requests may still take does. Leases of its that are open end with their next renewal, or when they are recalled.
CREATE FUNCTION set_budget(p_token uuid, p_period text, p_is_rolling boolean, p_amount bigint) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
  v_budget uuid;
BEGIN
  PERFORM FROM wallet WHERE owner_id = (SELECT owner_id FROM api_token WHERE id = p_token) FOR UPDATE;
  INSERT INTO budget (api_token_id, period, is_rolling, amount, held)
  SELECT p_token, p_period, p_is_rolling, p_amount,
    coalesce((SELECT sum(amount) FROM hold WHERE api_token_id = p_token), 0)
    + coalesce((SELECT sum(issued_max + extended - settled) FROM lease
      WHERE api_token_id = p_token AND state <> 'closed'), 0)
  ON CONFLICT (api_token_id, period, is_rolling) DO UPDATE SET amount = excluded.amount RETURNING id INTO v_budget;
  RETURN v_budget;
END $$;

-- Ends each request of a batch: charges what it cost by the hold's own terms, as far as it was held, and gives back
-- the rest.
-- An item with a lease brings along what a hold would have remembered.
CREATE TYPE settle_item AS (
  n integer, id text, epoch integer, lease_id text, outcome text, cost bigint, fee_bps integer, served_position smallint,
  seller_owner_id uuid, provider_id uuid, model text, units jsonb, reported jsonb, finish_reason text,
  started_at timestamptz, first_byte_at timestamptz, ended_at timestamptz, attempts jsonb, command jsonb,
  owner_id uuid, api_token_id uuid, amount bigint, parameters_hash text, route text, is_stream boolean, terms jsonb,
  rejections jsonb, created_at timestamptz
);

-- What the rest of a settlement needs of a request that ends in it.
CREATE TYPE ended_request AS (
  id text, owner_id uuid, api_token_id uuid, lease_id text, amount bigint, captured bigint, fee bigint,
  seller_owner_id uuid, transaction_id bigint
);

CREATE FUNCTION settle(p_items jsonb, p_subject text)
RETURNS TABLE (item_n integer, result text, charged bigint)
LANGUAGE plpgsql AS $$
DECLARE
  v_items settle_item[] := ARRAY(SELECT i FROM jsonb_populate_recordset(NULL::settle_item, p_items) i ORDER BY i.n);
  v_ids text[] := ARRAY(SELECT i.id FROM unnest(v_items) i);
  v_owners uuid[];
  v_outbox bigint := nextval(pg_get_serial_sequence('outbox', 'id'));
  v_ended ended_request[];
BEGIN
  PERFORM FROM hold WHERE id = ANY (v_ids) ORDER BY id FOR UPDATE;
  SELECT coalesce(array_agg(DISTINCT o.owner_id), '{}') INTO v_owners FROM (
    SELECT h.owner_id FROM hold h WHERE h.id = ANY (v_ids)
    UNION SELECT i.owner_id FROM unnest(v_items) i WHERE i.lease_id IS NOT NULL) o;
  PERFORM FROM wallet WHERE owner_id = ANY (v_owners) ORDER BY owner_id FOR UPDATE;

  WITH payer AS (
    SELECT owner_id, nextval(pg_get_serial_sequence('transaction', 'id')) AS transaction_id
    FROM unnest(v_owners) AS owner_id
  ), ending AS (
    SELECT i.n, i.id, h.owner_id, h.api_token_id, NULL::text AS lease_id, h.amount, h.parameters_hash, h.route,
      h.is_stream, h.terms, h.rejections, h.created_at
    FROM unnest(v_items) i JOIN hold h ON h.id = i.id AND h.epoch = i.epoch WHERE i.lease_id IS NULL
    UNION ALL
    SELECT i.n, i.id, l.owner_id, l.api_token_id, l.id, coalesce(x.amount, i.amount), i.parameters_hash, i.route,
      i.is_stream, i.terms, i.rejections, i.created_at
    FROM unnest(v_items) i
    JOIN lease l ON l.id = i.lease_id AND l.owner_id = i.owner_id AND l.state <> 'closed'
    LEFT JOIN lease_extension x ON x.lease_id = l.id AND x.request_id = i.id
  ), inserted AS (
    INSERT INTO receipt (id, owner_id, api_token_id, lease_id, amount, parameters_hash, route, is_stream, terms,
      rejections, state, captured, fee, transaction_id, outbox_id, epoch, created_at, outcome, served_position,
      seller_owner_id, provider_id, model, units, reported, finish_reason, started_at, first_byte_at, ended_at,
      attempts)
    SELECT e.id, e.owner_id, e.api_token_id, e.lease_id, e.amount, e.parameters_hash, e.route, e.is_stream, e.terms,
      e.rejections,
      CASE WHEN i.outcome IN ('completed', 'buyer_left') THEN 'settled' ELSE 'released' END,
      least(i.cost, e.amount), floor(least(i.cost, e.amount)::numeric * i.fee_bps / 10000)::bigint,
      CASE WHEN least(i.cost, e.amount) > 0 THEN p.transaction_id END, v_outbox, i.epoch, e.created_at,
      i.outcome, i.served_position, i.seller_owner_id, i.provider_id, i.model, i.units, i.reported, i.finish_reason,
      i.started_at, i.first_byte_at, i.ended_at, i.attempts
    FROM ending e JOIN unnest(v_items) i ON i.n = e.n JOIN payer p ON p.owner_id = e.owner_id
    ORDER BY e.id, e.n
    ON CONFLICT (id) DO NOTHING
    RETURNING id, owner_id, api_token_id, lease_id, amount, captured, fee, seller_owner_id, transaction_id
  )
  SELECT coalesce(array_agg(ROW (i.*)::ended_request), '{}') INTO v_ended FROM inserted i;

  IF v_ended <> '{}' THEN
    PERFORM charge_ended(v_ended);
    PERFORM release_ended(v_ended || drop_holds(v_ended));
    PERFORM tell_ended(v_outbox, p_subject, ARRAY(SELECT e.id FROM unnest(v_ended) e));
  END IF;

  -- Money that was taken away before, or a lease that is gone: nothing is charged.
  INSERT INTO fenced_settlement (hold_id, epoch, command)
  SELECT i.id, i.epoch, i.command FROM unnest(v_items) i
  LEFT JOIN receipt r ON r.id = i.id
  LEFT JOIN hold h ON h.id = i.id
  WHERE (r.id IS NOT NULL AND r.state <> 'declined' AND r.epoch <> i.epoch)
     OR (r.id IS NULL AND h.epoch <> i.epoch)
     OR (r.id IS NULL AND i.lease_id IS NOT NULL AND EXISTS (SELECT FROM lease l WHERE l.id = i.lease_id))
  ON CONFLICT DO NOTHING;

  RETURN QUERY
    SELECT i.n,
      CASE
        WHEN r.id IS NULL AND h.epoch <> i.epoch THEN 'fenced'
        WHEN r.id IS NULL AND EXISTS (SELECT FROM lease l WHERE l.id = i.lease_id) THEN 'fenced'
        WHEN r.id IS NULL THEN 'missing'
        WHEN r.state = 'declined' THEN 'declined'
        WHEN r.epoch <> i.epoch THEN 'fenced'
        WHEN e.id IS NULL OR i.n <> min(i.n) OVER (PARTITION BY i.id, i.epoch) THEN 'replay'
        ELSE r.state END,
      CASE WHEN r.epoch = i.epoch THEN r.captured ELSE 0 END
    FROM unnest(v_items) i
    LEFT JOIN receipt r ON r.id = i.id
    LEFT JOIN hold h ON h.id = i.id
    LEFT JOIN unnest(v_ended) e ON e.id = i.id;
END $$;

-- Takes away the holds of requests that have ended. Gives those that their requests did not need: a request that was
-- admitted twice, by a hold and from a lease, has ended once.
CREATE FUNCTION drop_holds(p_ended ended_request[]) RETURNS ended_request[] LANGUAGE plpgsql AS $$
DECLARE
  v_idle ended_request[];
BEGIN
  WITH dropped AS (
    DELETE FROM hold WHERE id IN (SELECT e.id FROM unnest(p_ended) e) RETURNING *
  )
  SELECT array_agg(ROW (d.id, d.owner_id, d.api_token_id, NULL, d.amount, 0, 0, NULL, NULL)::ended_request) INTO v_idle
  FROM dropped d JOIN unnest(p_ended) e ON e.id = d.id WHERE e.lease_id IS NOT NULL;
  RETURN v_idle;
END $$;

-- Moves what ended requests cost: one transaction a payer, one transfer a seller, one for the fees. Promotional money
-- goes first, by way of the wallet, so that sellers are paid alike.
CREATE FUNCTION charge_ended(p_ended ended_request[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_fee_account uuid;
BEGIN
  IF NOT EXISTS (SELECT FROM unnest(p_ended) e WHERE e.captured > 0) THEN
    RETURN;
  END IF;
  SELECT a.id INTO v_fee_account FROM ledger_account a JOIN owner o ON o.id = a.owner_id
  WHERE a.kind = 'platform_fee' AND o.username = 'global' AND a.currency = 'USD';

  WITH payer AS (
    SELECT e.owner_id, e.transaction_id, sum(e.captured)::bigint AS captured, sum(e.fee)::bigint AS fee
    FROM unnest(p_ended) e WHERE e.captured > 0 GROUP BY 1, 2
  ), paid AS (
    SELECT p.*, w.account_id, w.promo_account_id, least(w.promo, p.captured) AS promo
    FROM payer p JOIN wallet w ON w.owner_id = p.owner_id
  ), recorded AS (
    INSERT INTO transaction (id, kind) SELECT p.transaction_id, 'usage' FROM paid p
  ), queued AS (
    INSERT INTO fold_queue SELECT p.transaction_id FROM paid p
  ), leg AS (
    SELECT p.transaction_id, 0 AS place, p.promo_account_id AS debit, p.account_id AS credit, p.promo AS amount,
      'promo' AS code
    FROM paid p
    UNION ALL
    SELECT p.transaction_id, 1, p.account_id, v_fee_account, p.fee, 'fee' FROM paid p
    UNION ALL
    SELECT p.transaction_id, 2, p.account_id, a.id, sum(e.captured - e.fee)::bigint, 'usage'
    FROM paid p
    JOIN unnest(p_ended) e ON e.transaction_id = p.transaction_id
    LEFT JOIN ledger_account a
      ON a.kind = 'seller_payable' AND a.owner_id = e.seller_owner_id AND a.currency = 'USD'
    GROUP BY 1, 3, 4
  ), moved AS (
    INSERT INTO transfer (transaction_id, leg, debit_account_id, credit_account_id, amount, code)
    SELECT l.transaction_id, row_number() OVER (PARTITION BY l.transaction_id ORDER BY l.place, l.credit),
      l.debit, l.credit, l.amount, l.code
    FROM leg l WHERE l.amount > 0
  )
  UPDATE wallet w SET posted = w.posted - (p.captured - p.promo), promo = w.promo - p.promo
  -- Not yet below what is held: that falls with it, in the same statement.
    , held = w.held - p.captured
  FROM paid p WHERE w.owner_id = p.owner_id;
END $$;

-- Gives back what ended requests no longer need: of the wallet, of their token's budgets and places, of their lease.
CREATE FUNCTION release_ended(p_ended ended_request[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_at timestamptz := clock_timestamp();
BEGIN
  UPDATE wallet w SET held = w.held - r.amount
  FROM (SELECT e.owner_id, sum(e.amount - e.captured)::bigint AS amount FROM unnest(p_ended) e GROUP BY 1) r
  WHERE w.owner_id = r.owner_id AND r.amount > 0;

  UPDATE token_load t SET open = t.open - r.ended
  FROM (
    SELECT e.api_token_id, count(*)::integer AS ended FROM unnest(p_ended) e
    LEFT JOIN lease l ON l.id = e.lease_id WHERE l.id IS NULL OR l.state = 'closing' GROUP BY 1) r
  WHERE t.api_token_id = r.api_token_id;

  UPDATE lease l SET
    settled = l.settled + r.amount, captured = l.captured + r.captured, settled_count = l.settled_count + r.ended,
    slots = CASE l.state WHEN 'closing' THEN l.slots - r.ended ELSE l.slots END,
    -- Requests that cost nothing leave no amount behind to tell that they still run.
    state = CASE WHEN l.state = 'closing' AND l.slots = r.ended
        AND l.settled + r.amount = l.issued_max + l.extended
      THEN 'closed' ELSE l.state END
  FROM (
    SELECT e.lease_id, sum(e.amount)::bigint AS amount, sum(e.captured)::bigint AS captured,
      count(*)::integer AS ended
    FROM unnest(p_ended) e WHERE e.lease_id IS NOT NULL GROUP BY 1) r
  WHERE l.id = r.lease_id;
  DELETE FROM lease_extension x USING unnest(p_ended) e WHERE x.lease_id = e.lease_id AND x.request_id = e.id;

  IF EXISTS (SELECT FROM budget b WHERE b.api_token_id IN (SELECT e.api_token_id FROM unnest(p_ended) e)) THEN
    UPDATE budget b SET held = b.held - r.amount
    FROM (SELECT e.api_token_id, sum(e.amount)::bigint AS amount FROM unnest(p_ended) e GROUP BY 1) r
    WHERE b.api_token_id = r.api_token_id AND r.amount > 0;
    INSERT INTO budget_slice AS s (budget_id, starts_at, spent)
    SELECT b.id, budget_slice_start(b.period, b.is_rolling, v_at), r.captured
    FROM budget b
    JOIN (SELECT e.api_token_id, sum(e.captured)::bigint AS captured FROM unnest(p_ended) e GROUP BY 1) r
      ON r.api_token_id = b.api_token_id
    WHERE r.captured > 0
    ON CONFLICT (budget_id, starts_at) DO UPDATE SET spent = s.spent + excluded.spent;
  END IF;
END $$;

-- One event for all of a batch.
CREATE FUNCTION tell_ended(p_outbox bigint, p_subject text, p_ids text[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO outbox (id, subject, payload)
  SELECT p_outbox, p_subject, jsonb_build_object('type', 'usage-settled', 'usages', jsonb_agg(jsonb_build_object(
    'requestId', r.id, 'ownerId', r.owner_id, 'apiTokenId', r.api_token_id, 'leaseId', r.lease_id,
    'sellerOwnerId', r.seller_owner_id, 'providerId', r.provider_id, 'model', r.model, 'outcome', r.outcome,
    'hold', r.amount::text, 'charge', r.captured::text, 'fee', r.fee::text, 'units', r.units,
    'atMs', floor(extract(epoch FROM coalesce(r.ended_at, r.resolved_at)) * 1000))))
  FROM receipt r WHERE r.id = ANY (p_ids)
$$;

-- Takes back holds that nobody settled. The epoch rises, so that a late settlement is fenced off.
CREATE FUNCTION reap_expired_holds(p_limit integer, p_subject text) RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
  v_ids text[] := ARRAY(
    SELECT id FROM hold WHERE expires_at <= clock_timestamp() ORDER BY expires_at LIMIT p_limit);
  v_outbox bigint;
  v_ended ended_request[];
BEGIN
  v_ids := ARRAY(SELECT id FROM hold WHERE id = ANY (v_ids) ORDER BY id FOR UPDATE SKIP LOCKED);
  IF v_ids = '{}' THEN
    RETURN;
  END IF;
  v_outbox := nextval(pg_get_serial_sequence('outbox', 'id'));
  PERFORM FROM wallet WHERE owner_id IN (SELECT owner_id FROM hold WHERE id = ANY (v_ids))
  ORDER BY owner_id FOR UPDATE;
  WITH reaped AS (DELETE FROM hold WHERE id = ANY (v_ids) RETURNING *), inserted AS (
    INSERT INTO receipt (id, owner_id, api_token_id, amount, parameters_hash, route, is_stream, terms, rejections,
                         state, outcome, outbox_id, epoch, created_at)
    SELECT id, owner_id, api_token_id, amount, parameters_hash, route, is_stream, terms, rejections, 'released',
           'expired', v_outbox, epoch + 1, created_at
    FROM reaped
    RETURNING id
  )
  SELECT array_agg(ROW (r.id, r.owner_id, r.api_token_id, NULL, r.amount, 0, 0, NULL, NULL)::ended_request)
  INTO v_ended FROM reaped r;
  PERFORM release_ended(v_ended);
  PERFORM tell_ended(v_outbox, p_subject, v_ids);
  RETURN QUERY SELECT unnest(v_ids);
END $$;

-- Leases --------------------------------------------------------------------------------------------------------------

-- Opens an allowance of up to `p_wanted`, where the owner has `p_keep` times as much free: what lies in a lease is out
-- of reach for everybody else. A token with a budget gets none, since a lease would lock its budget up as well.
CREATE FUNCTION open_lease(
  p_id text, p_owner uuid, p_token uuid, p_holder text, p_wanted bigint, p_keep integer, p_slots integer,
  p_concurrency_max integer, p_expires_at timestamptz
) RETURNS TABLE (result text, issued_max bigint, slots integer) LANGUAGE plpgsql AS $$
DECLARE
  v_wallet wallet%ROWTYPE;
  v_lease lease%ROWTYPE;
  v_slots integer;
BEGIN
  SELECT * INTO v_wallet FROM wallet WHERE owner_id = p_owner FOR UPDATE;
  SELECT * INTO v_lease FROM lease WHERE id = p_id;
  IF FOUND THEN
    RETURN QUERY SELECT
      CASE WHEN v_lease.owner_id <> p_owner OR v_lease.api_token_id <> p_token THEN 'declined'
        WHEN v_lease.state = 'open' THEN 'open' ELSE 'closed' END,
      v_lease.issued_max, v_lease.slots;
    RETURN;
  END IF;
  SELECT least(p_slots, (p_concurrency_max - coalesce(
    (SELECT t.open FROM token_load t WHERE t.api_token_id = p_token), 0)) / p_keep) INTO v_slots;
  IF NOT EXISTS (
    SELECT FROM api_token WHERE id = p_token AND owner_id = p_owner AND revoked_at IS NULL
      AND (expires_at IS NULL OR expires_at > p_expires_at)
  ) OR EXISTS (SELECT FROM budget WHERE api_token_id = p_token)
    OR v_slots < 1 OR (v_wallet.posted + v_wallet.promo - v_wallet.held) / p_keep < p_wanted
  THEN
    RETURN QUERY SELECT 'declined', 0::bigint, 0;
    RETURN;
  END IF;
  UPDATE wallet SET held = held + p_wanted WHERE owner_id = p_owner;
  PERFORM take_load(p_token, p_wanted, v_slots);
  INSERT INTO lease (id, owner_id, api_token_id, holder, issued_max, slots, expires_at)
  VALUES (p_id, p_owner, p_token, p_holder, p_wanted, v_slots, p_expires_at);
  RETURN QUERY SELECT 'open', p_wanted, v_slots;
END $$;

-- Gives a running request of a lease more: `p_amount` in all, where its ticket says `p_ticket_amount`.
CREATE FUNCTION extend_leased(p_lease text, p_id text, p_ticket_amount bigint, p_amount bigint)
RETURNS TABLE (result text, hold_amount bigint) LANGUAGE plpgsql AS $$
DECLARE
  v_lease lease%ROWTYPE;
  v_had bigint;
BEGIN
  SELECT * INTO v_lease FROM lease WHERE id = p_lease;
  PERFORM FROM wallet WHERE owner_id = v_lease.owner_id FOR UPDATE;
  SELECT * INTO v_lease FROM lease WHERE id = p_lease FOR UPDATE;
  IF NOT FOUND OR v_lease.state = 'closed' OR EXISTS (SELECT FROM receipt WHERE id = p_id) THEN
    RETURN QUERY SELECT 'missing', 0::bigint;
    RETURN;
  END IF;
  v_had := coalesce(
    (SELECT x.amount FROM lease_extension x WHERE x.lease_id = p_lease AND x.request_id = p_id), p_ticket_amount);
  IF v_had >= p_amount THEN
    RETURN QUERY SELECT 'held', v_had;
    RETURN;
  END IF;
  IF EXISTS (
    SELECT FROM budget b WHERE b.api_token_id = v_lease.api_token_id
      AND budget_left(b, clock_timestamp()) < p_amount - v_had
  ) THEN
    RETURN QUERY SELECT 'budget_exceeded', v_had;
    RETURN;
  END IF;
  UPDATE wallet SET held = held + p_amount - v_had
  WHERE owner_id = v_lease.owner_id AND posted + promo - held >= p_amount - v_had;
  IF NOT FOUND THEN
    RETURN QUERY SELECT 'insufficient_balance', v_had;
    RETURN;
  END IF;
  PERFORM take_load(v_lease.api_token_id, p_amount - v_had, 0);
  UPDATE lease SET extended = extended + p_amount - v_had WHERE id = p_lease;
  INSERT INTO lease_extension (lease_id, request_id, amount) VALUES (p_lease, p_id, p_amount)
  ON CONFLICT (lease_id, request_id) DO UPDATE SET amount = excluded.amount;
  RETURN QUERY SELECT 'held', p_amount;
END $$;

-- Lets the holder issue up to `p_issued_max` in all, as long as its token may have a lease. Says what it may issue now, and how many of its requests have
-- ended: a figure that was lost on the bus comes by here.
CREATE FUNCTION renew_lease(p_id text, p_issued_max bigint, p_keep integer)
RETURNS TABLE (result text, issued_max bigint, settled_count integer) LANGUAGE plpgsql AS $$
DECLARE
  v_lease lease%ROWTYPE;
  v_more bigint;
BEGIN
  SELECT * INTO v_lease FROM lease WHERE id = p_id;
  PERFORM FROM wallet WHERE owner_id = v_lease.owner_id FOR UPDATE;
  SELECT * INTO v_lease FROM lease WHERE id = p_id FOR UPDATE;
  IF NOT FOUND OR v_lease.state <> 'open'
    OR EXISTS (SELECT FROM api_token t WHERE t.id = v_lease.api_token_id
      AND (t.revoked_at IS NOT NULL OR t.expires_at <= v_lease.expires_at))
    OR EXISTS (SELECT FROM budget b WHERE b.api_token_id = v_lease.api_token_id)
  THEN
    RETURN QUERY SELECT 'closed', coalesce(v_lease.issued_max, 0), coalesce(v_lease.settled_count, 0);
    RETURN;
  END IF;
  v_more := greatest(0, p_issued_max - v_lease.issued_max);
  UPDATE wallet SET held = held + v_more
  WHERE owner_id = v_lease.owner_id AND v_more > 0 AND (posted + promo - held) / p_keep >= v_more;
  IF FOUND THEN
    UPDATE lease l SET issued_max = l.issued_max + v_more WHERE l.id = p_id;
    PERFORM take_load(v_lease.api_token_id, v_more, 0);
    v_lease.issued_max := v_lease.issued_max + v_more;
  END IF;
  RETURN QUERY SELECT 'open', v_lease.issued_max, v_lease.settled_count;
END $$;

-- The holder issues nothing more: it has issued `p_issued` to `p_count` requests in all. The rest is free at once, and
-- what those requests leave over when they end.
CREATE FUNCTION close_lease(p_id text, p_issued bigint, p_count integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_lease lease%ROWTYPE;
  v_running integer;
BEGIN
  SELECT * INTO v_lease FROM lease WHERE id = p_id;
  IF NOT FOUND THEN
    RETURN 'missing';
  END IF;
  PERFORM FROM wallet WHERE owner_id = v_lease.owner_id FOR UPDATE;
  SELECT * INTO v_lease FROM lease WHERE id = p_id FOR UPDATE;
  IF v_lease.state <> 'open' THEN
    RETURN v_lease.state;
  END IF;
  IF p_issued < v_lease.settled - v_lease.extended OR p_issued > v_lease.issued_max
    OR p_count < v_lease.settled_count
  THEN
    RAISE EXCEPTION 'lease % cannot have issued % to % requests', p_id, p_issued, p_count;
  END IF;
  v_running := p_count - v_lease.settled_count;
  UPDATE wallet SET held = held - (v_lease.issued_max - p_issued) WHERE owner_id = v_lease.owner_id;
  PERFORM take_load(v_lease.api_token_id, p_issued - v_lease.issued_max, v_running - v_lease.slots);
  UPDATE lease SET issued_max = p_issued, slots = v_running,
    state = CASE WHEN v_running = 0 AND p_issued + extended = settled THEN 'closed' ELSE 'closing' END
  WHERE id = p_id RETURNING state INTO v_lease.state;
  RETURN v_lease.state;
END $$;

-- Ends leases past their expiry: their router is gone, or requests of theirs were never settled. What still comes for
-- them is fenced.
CREATE FUNCTION reap_expired_leases(p_limit integer) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  v_lease lease%ROWTYPE;
BEGIN
  FOR v_lease IN
    SELECT * FROM (
      SELECT * FROM lease WHERE state <> 'closed' AND expires_at <= clock_timestamp()
      ORDER BY expires_at LIMIT p_limit) l ORDER BY l.owner_id, l.id
  LOOP
    PERFORM FROM wallet WHERE owner_id = v_lease.owner_id FOR UPDATE;
    SELECT * INTO v_lease FROM lease WHERE id = v_lease.id FOR UPDATE;
    CONTINUE WHEN v_lease.state = 'closed';
    UPDATE wallet SET held = held - (v_lease.issued_max + v_lease.extended - v_lease.settled)
    WHERE owner_id = v_lease.owner_id;
    PERFORM take_load(
      v_lease.api_token_id, v_lease.settled - v_lease.issued_max - v_lease.extended, -v_lease.slots);
    DELETE FROM lease_extension WHERE lease_id = v_lease.id;
    UPDATE lease SET state = 'closed', slots = 0 WHERE id = v_lease.id;
    RETURN NEXT v_lease.id;
  END LOOP;
END $$;

-- Everything else that moves money ------------------------------------------------------------------------------------

-- Records one business event with its transfers, and keeps the wallets of the owners that they touch in step. The same
-- external id moves nothing again; with other parameters it is a conflict. Where a wallet has not enough that is free,
-- the whole event is refused (by the wallet's constraints).
CREATE FUNCTION post_transaction(
  p_kind text, p_external_id text, p_parameters_hash text, p_reason text, p_reverses bigint, p_legs jsonb
) RETURNS TABLE (result text, transaction_id bigint) LANGUAGE plpgsql AS $$
DECLARE
  v_id bigint;
  v_hash text;
  v_owners uuid[];
BEGIN
  INSERT INTO transaction (kind, external_id, parameters_hash, reason, reverses)
  VALUES (p_kind, p_external_id, p_parameters_hash, p_reason, p_reverses)
  ON CONFLICT (external_id) WHERE external_id IS NOT NULL DO NOTHING RETURNING id INTO v_id;
  IF v_id IS NULL THEN
    SELECT id, parameters_hash INTO v_id, v_hash FROM transaction WHERE external_id = p_external_id;
    RETURN QUERY SELECT CASE WHEN v_hash = p_parameters_hash THEN 'replay' ELSE 'parameters_differ' END, v_id;
    RETURN;
  END IF;
  v_owners := ARRAY(
    SELECT DISTINCT a.owner_id FROM jsonb_array_elements(p_legs) l
    JOIN ledger_account a ON a.id IN ((l ->> 'debit')::uuid, (l ->> 'credit')::uuid));
  PERFORM FROM wallet WHERE owner_id = ANY (v_owners) ORDER BY owner_id FOR UPDATE;
  INSERT INTO transfer (transaction_id, leg, debit_account_id, credit_account_id, amount, code)
  SELECT v_id, l.n, d.id, c.id, (l.leg ->> 'amount')::bigint, l.leg ->> 'code'
  FROM jsonb_array_elements(p_legs) WITH ORDINALITY AS l (leg, n)
  LEFT JOIN ledger_account d ON d.id = (l.leg ->> 'debit')::uuid
  LEFT JOIN ledger_account c ON c.id = (l.leg ->> 'credit')::uuid;
  INSERT INTO fold_queue VALUES (v_id);
  UPDATE wallet w SET posted = w.posted + m.posted, promo = w.promo + m.promo
  FROM (
    SELECT v.owner_id,
      sum(CASE WHEN t.credit_account_id = v.account_id THEN t.amount ELSE 0 END
        - CASE WHEN t.debit_account_id = v.account_id THEN t.amount ELSE 0 END)::bigint AS posted,
      sum(CASE WHEN t.credit_account_id = v.promo_account_id THEN t.amount ELSE 0 END
        - CASE WHEN t.debit_account_id = v.promo_account_id THEN t.amount ELSE 0 END)::bigint AS promo
    FROM wallet v CROSS JOIN transfer t
    WHERE v.owner_id = ANY (v_owners) AND t.transaction_id = v_id GROUP BY v.owner_id) m
  WHERE w.owner_id = m.owner_id;
  RETURN QUERY SELECT 'posted', v_id;
END $$;

-- An operator's grant.
CREATE FUNCTION grant_credit(p_grant text, p_owner uuid, p_amount bigint, p_reason text)
RETURNS text LANGUAGE sql AS $$
  SELECT CASE result WHEN 'posted' THEN 'granted' ELSE result END FROM post_transaction(
    'grant', 'grant:' || p_grant,
    encode(sha256(convert_to(account_of('buyer_wallet', p_owner)::text || ':' || p_amount::text, 'UTF8')), 'hex'),
    p_reason, NULL, jsonb_build_array(jsonb_build_object(
      'debit', global_account('cash_clearing'), 'credit', account_of('buyer_wallet', p_owner),
      'amount', p_amount, 'code', 'grant')))
$$;

-- Folds up to `p_limit` transactions into the sums. Gives how many they were.
CREATE FUNCTION fold_transactions(p_limit integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  v_ids bigint[];
BEGIN
  WITH taken AS (
    DELETE FROM fold_queue WHERE transaction_id IN (
      SELECT transaction_id FROM fold_queue ORDER BY transaction_id LIMIT p_limit FOR UPDATE SKIP LOCKED)
    RETURNING transaction_id
  )
  SELECT coalesce(array_agg(transaction_id), '{}') INTO v_ids FROM taken;
  INSERT INTO account_balance AS b (account_id, balance)
  SELECT m.account_id, sum(m.credited - m.debited) FROM moved_by(v_ids) m GROUP BY 1 ORDER BY 1
  ON CONFLICT (account_id) DO UPDATE SET balance = b.balance + excluded.balance;
  INSERT INTO account_day AS d (account_id, day, credited, debited)
  SELECT m.account_id, m.day, m.credited, m.debited FROM moved_by(v_ids) m ORDER BY 1, 2
  ON CONFLICT (account_id, day) DO UPDATE
    SET credited = d.credited + excluded.credited, debited = d.debited + excluded.debited;
  RETURN cardinality(v_ids);
END $$;

-- What transactions moved, by account and day (UTC).
CREATE FUNCTION moved_by(p_ids bigint[])
RETURNS TABLE (account_id uuid, day date, credited numeric, debited numeric) LANGUAGE sql STABLE AS $$
  SELECT m.account_id, (t.created_at AT TIME ZONE 'UTC')::date, sum(m.credited), sum(m.debited)
  FROM transaction t
  JOIN (
    SELECT f.transaction_id, f.credit_account_id AS account_id, f.amount AS credited, 0 AS debited FROM transfer f
    WHERE f.transaction_id = ANY (p_ids)
    UNION ALL
    SELECT f.transaction_id, f.debit_account_id, 0, f.amount FROM transfer f WHERE f.transaction_id = ANY (p_ids)
  ) m ON m.transaction_id = t.id
  WHERE t.id = ANY (p_ids) GROUP BY 1, 2
$$;

-- The oracle -----------------------------------------------------------------------------------------------------------

-- What an account holds at this moment: what was folded, and what still waits. What we owe is positive, what we are
-- owed negative.
CREATE VIEW ledger_balance AS
  SELECT a.id AS account_id, a.kind, a.owner_id, coalesce(b.balance, 0) + coalesce(w.balance, 0) AS balance
  FROM ledger_account a
  LEFT JOIN account_balance b ON b.account_id = a.id
  LEFT JOIN (
    SELECT m.account_id, sum(m.amount) AS balance FROM fold_queue q
    JOIN transfer f ON f.transaction_id = q.transaction_id
    CROSS JOIN LATERAL (VALUES (f.credit_account_id, f.amount), (f.debit_account_id, -f.amount))
      AS m (account_id, amount)
    GROUP BY 1) w ON w.account_id = a.id;

-- A unit without a price of its own is charged as the kind that it is one of.
CREATE FUNCTION unit_price(p_prices jsonb, p_kind text) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(p_prices ->> p_kind, CASE p_kind
    WHEN 'cached_prompt_token' THEN p_prices ->> 'prompt_token'
    WHEN 'reasoning_token' THEN p_prices ->> 'completion_token' END, '0')::numeric
$$;

-- What units cost at these prices, by the rule of the price list, in exact numbers: token prices are per million.
CREATE FUNCTION units_cost(p_units jsonb, p_prices jsonb) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
  SELECT ceil(coalesce(sum(u.value::numeric * unit_price(p_prices, u.key)
    * CASE WHEN u.key LIKE '%\_token' THEN 1 ELSE 1000000 END), 0) / 1000000)
  FROM jsonb_each_text(p_units) u
$$;

CREATE VIEW receipt_expected_charge AS
  SELECT r.id,
    CASE WHEN r.outcome IN ('completed', 'buyer_left') AND r.served_position IS NOT NULL
          AND r.seller_owner_id <> r.owner_id
      THEN least(r.amount::numeric, units_cost(r.units, r.terms -> r.served_position -> 'prices'))
      ELSE 0 END AS charge,
    coalesce((r.terms -> r.served_position ->> 'feeBps')::numeric, 0) AS fee_bps
  FROM receipt r
  WHERE r.state <> 'declined';

-- One row a violation, none when every nano-dollar is where it should be.
CREATE VIEW ledger_violations AS
WITH moved AS (
  SELECT account_id, sum(amount) AS balance FROM (
    SELECT credit_account_id AS account_id, amount FROM transfer
    UNION ALL SELECT debit_account_id, -amount FROM transfer) f GROUP BY 1
), held AS (
  SELECT owner_id, sum(amount) AS amount FROM (
    SELECT owner_id, amount FROM hold
    UNION ALL SELECT owner_id, issued_max + extended - settled FROM lease WHERE state <> 'closed') h GROUP BY 1
), usage AS (
  SELECT r.transaction_id, r.owner_id, sum(r.captured) AS captured, sum(r.fee) AS fee
  FROM receipt r WHERE r.transaction_id IS NOT NULL GROUP BY 1, 2
)
  SELECT 'wallet_posted' AS violation, w.owner_id::text AS subject,
    format('posted %s, transfers %s', w.posted, coalesce(m.balance, 0)) AS detail
  FROM wallet w LEFT JOIN moved m ON m.account_id = w.account_id WHERE w.posted <> coalesce(m.balance, 0)
UNION ALL
  SELECT 'wallet_promo', w.owner_id::text, format('promo %s, transfers %s', w.promo, coalesce(m.balance, 0))
  FROM wallet w LEFT JOIN moved m ON m.account_id = w.promo_account_id WHERE w.promo <> coalesce(m.balance, 0)
UNION ALL
  SELECT 'wallet_held', w.owner_id::text, format('held %s, open holds and leases %s', w.held, coalesce(h.amount, 0))
  FROM wallet w LEFT JOIN held h ON h.owner_id = w.owner_id WHERE w.held <> coalesce(h.amount, 0)
UNION ALL
  SELECT 'wallet_overspent', owner_id::text, format('posted %s, promo %s, held %s', posted, promo, held)
  FROM wallet WHERE posted < 0 OR promo < 0 OR held < 0 OR held > posted + promo
UNION ALL
  SELECT 'usage_captured', coalesce(t.id, u.transaction_id)::text,
    format('captured %s of %s, transfers %s', u.captured, u.owner_id, f.amount)
  FROM transaction t
  FULL JOIN usage u ON u.transaction_id = t.id
  LEFT JOIN wallet w ON w.owner_id = u.owner_id
  LEFT JOIN LATERAL (
    SELECT sum(f.amount) AS amount, bool_and(f.debit_account_id = w.account_id) AS is_own FROM transfer f
    WHERE f.transaction_id = t.id AND f.code IN ('usage', 'fee')) f ON true
  WHERE (t.kind = 'usage' OR t.id IS NULL) AND (u.captured = f.amount AND f.is_own) IS NOT TRUE
UNION ALL
  SELECT 'seller_paid', s.transaction_id::text, format('receipts %s, transfers %s', s.amount, f.amount)
  FROM (
    SELECT r.transaction_id, a.id AS account_id, sum(r.captured - r.fee) AS amount
    FROM receipt r LEFT JOIN ledger_account a ON a.kind = 'seller_payable' AND a.owner_id = r.seller_owner_id
    WHERE r.transaction_id IS NOT NULL GROUP BY 1, 2) s
  LEFT JOIN transfer f
    ON f.transaction_id = s.transaction_id AND f.credit_account_id = s.account_id AND f.code = 'usage'
  WHERE s.amount <> coalesce(f.amount, 0)
UNION ALL
  SELECT 'receipt_charge', r.id, format('captured %s, by its terms %s', r.captured, e.charge)
  FROM receipt r JOIN receipt_expected_charge e ON e.id = r.id WHERE r.captured <> e.charge
UNION ALL
  SELECT 'fee', r.id, format('fee %s of %s at %s basis points', r.fee, r.captured, e.fee_bps)
  FROM receipt r JOIN receipt_expected_charge e ON e.id = r.id
  WHERE r.fee <> floor(r.captured::numeric * e.fee_bps / 10000)
UNION ALL
  SELECT 'fee_paid', u.transaction_id::text, format('receipts %s, transfers %s', u.fee, coalesce(f.amount, 0))
  FROM usage u LEFT JOIN transfer f ON f.transaction_id = u.transaction_id AND f.code = 'fee'
  WHERE u.fee <> coalesce(f.amount, 0)
UNION ALL
  SELECT 'outbox_missing', r.id, r.state
  FROM receipt r LEFT JOIN outbox o ON o.id = r.outbox_id
  WHERE r.state <> 'declined' AND (o.id IS NULL
    OR (o.published_at IS NULL AND NOT o.payload -> 'usages' @> jsonb_build_array(jsonb_build_object('requestId', r.id))))
UNION ALL
  SELECT 'hold_and_receipt', h.id, r.state FROM hold h JOIN receipt r ON r.id = h.id
UNION ALL
  SELECT 'transaction_empty', t.id::text, t.kind
  FROM transaction t WHERE NOT EXISTS (SELECT FROM transfer f WHERE f.transaction_id = t.id)
UNION ALL
  SELECT 'transfer_orphaned', f.transaction_id::text, f.code
  FROM transfer f
  LEFT JOIN transaction t ON t.id = f.transaction_id
  LEFT JOIN ledger_account d ON d.id = f.debit_account_id
  LEFT JOIN ledger_account c ON c.id = f.credit_account_id
  WHERE t.id IS NULL OR d.id IS NULL OR c.id IS NULL
UNION ALL
  SELECT 'sum_not_zero', 'all accounts', total::text FROM (
    SELECT coalesce((SELECT sum(posted + promo) FROM wallet), 0)
      + coalesce((SELECT sum(balance) FROM ledger_balance WHERE kind NOT IN ('buyer_wallet', 'buyer_promo')), 0)
      AS total) s
  WHERE total <> 0
UNION ALL
  SELECT 'balance_folded', b.account_id::text, format('balance %s, transfers %s', b.balance, coalesce(m.balance, 0))
  FROM ledger_balance b LEFT JOIN moved m ON m.account_id = b.account_id WHERE b.balance <> coalesce(m.balance, 0)
UNION ALL
  SELECT 'token_load', a.id::text, format('open %s, holds and leases %s', t.open, o.open)
  FROM api_token a
  LEFT JOIN token_load t ON t.api_token_id = a.id
  LEFT JOIN (
    SELECT api_token_id, sum(places) AS open FROM (
      SELECT api_token_id, 1 AS places FROM hold
      UNION ALL SELECT api_token_id, slots FROM lease WHERE state <> 'closed') p GROUP BY 1) o ON o.api_token_id = a.id
  WHERE coalesce(t.open, 0) <> coalesce(o.open, 0)
UNION ALL
  SELECT 'lease', l.id, format('settled %s, captured %s, receipts %s, %s', l.settled, l.captured, r.amount, r.captured)
  FROM lease l
  LEFT JOIN (
    SELECT lease_id, sum(amount) AS amount, sum(captured) AS captured FROM receipt
    WHERE lease_id IS NOT NULL GROUP BY 1) r ON r.lease_id = l.id
  WHERE l.settled <> coalesce(r.amount, 0) OR l.captured <> coalesce(r.captured, 0)
UNION ALL
  SELECT 'budget_held', b.id::text, format('held %s, open holds and leases %s', b.held, o.amount)
  FROM budget b
  JOIN LATERAL (
    SELECT coalesce(sum(h.amount), 0) AS amount FROM (
      SELECT amount FROM hold WHERE api_token_id = b.api_token_id
      UNION ALL SELECT issued_max + extended - settled FROM lease
        WHERE api_token_id = b.api_token_id AND state <> 'closed') h) o ON true
  WHERE b.held <> o.amount
UNION ALL
  SELECT 'hold_forgotten', h.id, format('expired at %s', h.expires_at)
  FROM hold h WHERE h.expires_at < clock_timestamp() - interval '60 seconds'
UNION ALL
  SELECT 'lease_forgotten', l.id, format('expired at %s', l.expires_at)
  FROM lease l WHERE l.state <> 'closed' AND l.expires_at < clock_timestamp() - interval '60 seconds';
