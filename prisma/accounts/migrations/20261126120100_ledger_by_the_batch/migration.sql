-- The ledger's hot functions, by the batch: what they did once a request or once a wallet they do once a batch, and what
-- they look up they find by its key, whatever the planner believed of a table when a connection was young. A plan made
-- while a table was small is kept until it is analysed; here that was a full read of holds and leases with every batch.
-- Replaces functions, and the type of what one of them is called with: run it while accounts is stopped.

-- The terms of an item of a call: its own, or those of the item at the place that it names.
CREATE FUNCTION shared_terms(p_items jsonb, p_terms jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE
RETURN CASE jsonb_typeof(p_terms) WHEN 'number' THEN p_items -> p_terms::integer -> 'terms' ELSE p_terms END;

-- Sets money aside for each item of a batch. The first outcome for an id is the outcome for ever, a decline included.
-- But for `recall`: what is missing lies in leases of the owner. Nothing is recorded, and whoever asks may call them
-- back and ask again.
CREATE OR REPLACE FUNCTION authorise(p_items jsonb)
RETURNS TABLE (item_n integer, result text, hold_epoch integer, hold_amount bigint, is_replay boolean)
LANGUAGE plpgsql SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_items authorise_item[] := ARRAY(
    SELECT i FROM jsonb_populate_recordset(NULL::authorise_item, p_items) i ORDER BY i.id, i.n);
  v_fresh text[];
  v_now timestamptz;
  v_item record;
  v_wallet wallet%ROWTYPE;
  v_token uuid;
  v_owner_held bigint := 0;
  v_token_held bigint := 0;
  v_token_opened integer := 0;
  v_decline text;
  v_declined text[] := '{}';
  v_codes text[] := '{}';
  v_recalled text[] := '{}';
  v_ended text[] := '{}';
  -- What is to be written of each owner and each token, in the order of the items.
  v_owners uuid[] := '{}';
  v_owners_held bigint[] := '{}';
  v_tokens uuid[] := '{}';
  v_tokens_held bigint[] := '{}';
  v_tokens_opened integer[] := '{}';
BEGIN
  WITH inserted AS (
    INSERT INTO hold (id, owner_id, api_token_id, amount, parameters_hash, route, is_stream, terms, rejections,
                      expires_at)
    SELECT i.id, i.owner_id, i.api_token_id, i.amount, i.parameters_hash, i.route, i.is_stream,
           shared_terms(p_items, i.terms), i.rejections, i.expires_at
    FROM unnest(v_items) i ORDER BY i.id, i.n
    ON CONFLICT (id) DO NOTHING RETURNING id
  )
  SELECT coalesce(array_agg(id), '{}') INTO v_fresh FROM inserted;

  PERFORM FROM wallet
  WHERE owner_id = ANY (ARRAY(SELECT i.owner_id FROM unnest(v_items) i WHERE i.id = ANY (v_fresh)))
  ORDER BY owner_id FOR UPDATE;

  -- What the wallets' locks protect is read by statements that begin under them.
  v_now := clock_timestamp();
  FOR v_item IN
    SELECT f.*,
      (SELECT w FROM wallet w WHERE w.owner_id = f.owner_id) AS wallet,
      (SELECT true FROM api_token t WHERE t.id = f.api_token_id AND t.owner_id = f.owner_id AND t.revoked_at IS NULL
        AND (t.expires_at IS NULL OR t.expires_at > v_now)) AS token_is_good,
      coalesce((SELECT l.open FROM token_load l WHERE l.api_token_id = f.api_token_id), 0) AS token_load,
      (SELECT min(budget_left(b, v_now)) FROM budget b WHERE b.api_token_id = f.api_token_id) AS budget_left,
      -- Its request has ended before. Under the lock of its wallet this cannot change any more.
      (SELECT true FROM receipt r WHERE r.id = f.id) AS has_ended
    FROM (
      -- Of an id that came twice the first is the one that was inserted.
      SELECT DISTINCT ON (i.id) i.id, i.owner_id, i.api_token_id, i.amount,
        min(i.concurrency_max) OVER same AS concurrency_max, bool_and(i.may_recall) OVER same AS may_recall
      FROM unnest(v_items) i WHERE i.id = ANY (v_fresh)
      WINDOW same AS (PARTITION BY i.id) ORDER BY i.id, i.n) f
    ORDER BY f.owner_id, f.api_token_id, f.id
  LOOP
    IF v_token IS DISTINCT FROM v_item.api_token_id OR v_wallet.owner_id IS DISTINCT FROM v_item.owner_id THEN
      IF v_token_opened > 0 THEN
        v_tokens := v_tokens || v_token;
        v_tokens_held := v_tokens_held || v_token_held;
        v_tokens_opened := v_tokens_opened || v_token_opened;
      END IF;
      v_token := v_item.api_token_id;
      v_token_held := 0;
      v_token_opened := 0;
      IF v_wallet.owner_id IS DISTINCT FROM v_item.owner_id THEN
        IF v_owner_held > 0 THEN
          v_owners := v_owners || v_wallet.owner_id;
          v_owners_held := v_owners_held || v_owner_held;
        END IF;
        v_wallet := v_item.wallet;
        v_owner_held := 0;
      END IF;
    END IF;

    IF v_item.has_ended THEN
      v_ended := v_ended || v_item.id;
      CONTINUE;
    END IF;

    v_decline := CASE
      WHEN v_item.token_is_good IS NOT TRUE THEN 'api_token_revoked'
      WHEN v_item.token_load + v_token_opened >= v_item.concurrency_max THEN 'concurrency_exceeded'
      WHEN v_wallet.posted + v_wallet.promo < v_item.amount THEN 'insufficient_balance'
      WHEN v_wallet.posted + v_wallet.promo - v_wallet.held - v_owner_held < v_item.amount
        THEN 'held_by_other_requests'
      WHEN v_item.budget_left - v_token_held < v_item.amount THEN 'budget_exceeded'
    END;
    IF v_decline IS NULL THEN
      v_owner_held := v_owner_held + v_item.amount;
      v_token_held := v_token_held + v_item.amount;
      v_token_opened := v_token_opened + 1;
    ELSIF v_decline IN ('held_by_other_requests', 'concurrency_exceeded') AND v_item.may_recall AND EXISTS (
      SELECT FROM lease l WHERE l.owner_id = v_item.owner_id AND l.state = 'open'
    ) THEN
      v_recalled := v_recalled || v_item.id;
    ELSE
      v_declined := v_declined || v_item.id;
      v_codes := v_codes || v_decline;
    END IF;
  END LOOP;
  IF v_token_opened > 0 THEN
    v_tokens := v_tokens || v_token;
    v_tokens_held := v_tokens_held || v_token_held;
    v_tokens_opened := v_tokens_opened || v_token_opened;
  END IF;
  IF v_owner_held > 0 THEN
    v_owners := v_owners || v_wallet.owner_id;
    v_owners_held := v_owners_held || v_owner_held;
  END IF;
  PERFORM take_loads(v_tokens, v_tokens_held, v_tokens_opened);
  UPDATE wallet w SET held = w.held + o.amount
  FROM unnest(v_owners, v_owners_held) AS o (owner_id, amount)
  WHERE w.owner_id = o.owner_id AND w.owner_id = ANY (v_owners);

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
    LEFT JOIN LATERAL (SELECT * FROM hold WHERE id = i.id OFFSET 0) h ON true
    LEFT JOIN LATERAL (SELECT * FROM receipt WHERE id = i.id OFFSET 0) r ON true;
END $$;

-- Counts requests of tokens that begin: each token once. Under its owner's wallet lock.
CREATE FUNCTION take_loads(p_tokens uuid[], p_held bigint[], p_opened integer[]) RETURNS void LANGUAGE plpgsql
SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_known integer;
BEGIN
  UPDATE token_load t SET open = t.open + n.opened
  FROM unnest(p_tokens, p_opened) AS n (token, opened)
  WHERE t.api_token_id = n.token AND t.api_token_id = ANY (p_tokens);
  GET DIAGNOSTICS v_known = ROW_COUNT;
  IF v_known < cardinality(p_tokens) THEN
    INSERT INTO token_load (api_token_id, open)
    SELECT n.token, n.opened FROM unnest(p_tokens, p_opened) AS n (token, opened)
    WHERE NOT EXISTS (SELECT FROM token_load t WHERE t.api_token_id = n.token);
  END IF;
  UPDATE budget b SET held = b.held + n.held
  FROM unnest(p_tokens, p_held) AS n (token, held)
  WHERE b.api_token_id = n.token AND b.api_token_id = ANY (p_tokens) AND n.held <> 0;
END $$;

-- Moments come as they are told, in milliseconds: texts of them are dear to read.
ALTER TYPE settle_item
  DROP ATTRIBUTE started_at, DROP ATTRIBUTE first_byte_at, DROP ATTRIBUTE ended_at, DROP ATTRIBUTE created_at,
  ADD ATTRIBUTE started_at_ms bigint, ADD ATTRIBUTE first_byte_at_ms bigint, ADD ATTRIBUTE ended_at_ms bigint,
  ADD ATTRIBUTE created_at_ms bigint;

CREATE FUNCTION moment_of(p_ms bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE
RETURN to_timestamp(p_ms::float8 / 1000);

-- Ends each request of a batch: charges what it cost by the hold's own terms, as far as it was held, and gives back
-- the rest. An item with a lease brings along what a hold would have remembered.
CREATE OR REPLACE FUNCTION settle(p_items jsonb, p_subject text)
RETURNS TABLE (item_n integer, result text, charged bigint)
LANGUAGE plpgsql SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_items settle_item[] := ARRAY(SELECT i FROM jsonb_populate_recordset(NULL::settle_item, p_items) i ORDER BY i.n);
  v_ids text[] := ARRAY(SELECT i.id FROM unnest(v_items) i);
  v_leases text[] := ARRAY(SELECT DISTINCT i.lease_id FROM unnest(v_items) i WHERE i.lease_id IS NOT NULL);
  v_holds hold[];
  v_owners uuid[];
  v_outbox bigint := nextval(pg_get_serial_sequence('outbox', 'id'));
  v_transactions CONSTANT regclass := pg_get_serial_sequence('transaction', 'id');
  v_ended ended_request[];
  -- With the holds of theirs that were not needed.
  v_released ended_request[];
BEGIN
  SELECT array_agg(ROW (l.*)::hold) INTO v_holds
  FROM (SELECT * FROM hold WHERE id = ANY (v_ids) ORDER BY id FOR UPDATE) l;
  v_owners := ARRAY(
    SELECT h.owner_id FROM unnest(v_holds) h
    UNION SELECT i.owner_id FROM unnest(v_items) i WHERE i.lease_id IS NOT NULL);
  PERFORM FROM wallet WHERE owner_id = ANY (v_owners) ORDER BY owner_id FOR UPDATE;

  WITH payer AS (
    SELECT owner_id, nextval(v_transactions) AS transaction_id FROM unnest(v_owners) AS owner_id
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
      moment_of(i.started_at_ms), moment_of(i.first_byte_at_ms), moment_of(i.ended_at_ms), i.attempts
    FROM unnest(v_items) i
    LEFT JOIN unnest(v_holds) h ON i.lease_id IS NULL AND h.id = i.id AND h.epoch = i.epoch
    LEFT JOIN lease l ON l.id = i.lease_id AND l.owner_id = i.owner_id AND l.state <> 'closed'
      AND l.id = ANY (v_leases)
    -- What was fixed when its money was set aside: it is in its hold, or came along in its ticket.
    CROSS JOIN LATERAL (SELECT i.id, coalesce(h.owner_id, l.owner_id) AS owner_id,
      coalesce(h.api_token_id, l.api_token_id) AS api_token_id, l.id AS lease_id,
      coalesce(h.amount, (
        SELECT x.amount FROM lease_extension x WHERE x.lease_id = l.id AND x.request_id = i.id), i.amount) AS amount,
      coalesce(h.parameters_hash, i.parameters_hash) AS parameters_hash, coalesce(h.route, i.route) AS route,
      coalesce(h.is_stream, i.is_stream) AS is_stream, coalesce(h.terms, shared_terms(p_items, i.terms)) AS terms,
      coalesce(h.rejections, i.rejections) AS rejections, coalesce(h.created_at, moment_of(i.created_at_ms)) AS created_at) e
    JOIN payer p ON p.owner_id = e.owner_id
    ORDER BY e.id, i.n
    ON CONFLICT (id) DO NOTHING
    RETURNING id, owner_id, api_token_id, lease_id, amount, captured, fee, seller_owner_id, transaction_id
  )
  SELECT coalesce(array_agg(ROW (i.*)::ended_request), '{}') INTO v_ended FROM inserted i;

  IF v_ended <> '{}' THEN
    v_released := v_ended || drop_holds(v_ended);
    PERFORM charge_ended(v_released);
    PERFORM release_ended(v_released);
    PERFORM tell_ended(v_outbox, p_subject, ARRAY(SELECT e.id FROM unnest(v_ended) e));
  END IF;

  -- As it nearly always is: each of them has ended here, so nothing is to be looked up.
  IF cardinality(v_ended) = cardinality(v_items) THEN
    RETURN QUERY
      SELECT i.n, CASE WHEN i.outcome IN ('completed', 'buyer_left') THEN 'settled' ELSE 'released' END, e.captured
      FROM unnest(v_items) i JOIN unnest(v_ended) e ON e.id = i.id;
    RETURN;
  END IF;

  -- Money that was taken away before, or a lease that is gone: nothing is charged.
  INSERT INTO fenced_settlement (hold_id, epoch, command)
  SELECT i.id, i.epoch, coalesce(i.command, jsonb_strip_nulls(to_jsonb(i) - 'terms')) FROM unnest(v_items) i
  LEFT JOIN LATERAL (SELECT * FROM receipt WHERE id = i.id OFFSET 0) r ON true
  LEFT JOIN unnest(v_holds) h ON h.id = i.id
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
    LEFT JOIN LATERAL (SELECT * FROM receipt WHERE id = i.id OFFSET 0) r ON true
    LEFT JOIN unnest(v_holds) h ON h.id = i.id
    LEFT JOIN unnest(v_ended) e ON e.id = i.id;
END $$;

-- Takes away the holds of requests that have ended. Gives those that their requests did not need: a request that was
-- admitted twice, by a hold and from a lease, has ended once.
CREATE OR REPLACE FUNCTION drop_holds(p_ended ended_request[]) RETURNS ended_request[] LANGUAGE plpgsql
SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_idle ended_request[];
BEGIN
  WITH dropped AS (
    DELETE FROM hold WHERE id IN (SELECT e.id FROM unnest(p_ended) e)
      AND id = ANY (ARRAY(SELECT e.id FROM unnest(p_ended) e))
    RETURNING id, owner_id, api_token_id, amount
  )
  SELECT array_agg(ROW (d.id, d.owner_id, d.api_token_id, NULL, d.amount, 0, 0, NULL, NULL)::ended_request) INTO v_idle
  FROM dropped d JOIN unnest(p_ended) e ON e.id = d.id WHERE e.lease_id IS NOT NULL;
  RETURN v_idle;
END $$;

-- Moves what ended requests cost: one transaction a payer, one transfer a seller, one for the fees. Promotional money
-- goes first, by way of the wallet, so that sellers are paid alike. What a payer's requests need no longer is given back
-- with it: a wallet is written once.
CREATE OR REPLACE FUNCTION charge_ended(p_ended ended_request[]) RETURNS void LANGUAGE plpgsql
SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_fee_account uuid;
  v_owners uuid[] := ARRAY(SELECT DISTINCT e.owner_id FROM unnest(p_ended) e WHERE e.captured > 0);
  v_sellers uuid[] := ARRAY(SELECT DISTINCT e.seller_owner_id FROM unnest(p_ended) e WHERE e.captured > 0);
BEGIN
  IF v_owners = '{}' THEN
    RETURN;
  END IF;
  SELECT a.id INTO v_fee_account FROM ledger_account a JOIN owner o ON o.id = a.owner_id
  WHERE a.kind = 'platform_fee' AND o.username = 'global' AND a.currency = 'USD';

  WITH payer AS (
    SELECT e.owner_id, max(e.transaction_id) AS transaction_id, sum(e.captured)::bigint AS captured,
      sum(e.fee)::bigint AS fee, sum(e.amount)::bigint AS amount
    FROM unnest(p_ended) e GROUP BY 1 HAVING sum(e.captured) > 0
  ), paid AS (
    SELECT p.*, w.account_id, w.promo_account_id, least(w.promo, p.captured) AS promo
    FROM payer p JOIN wallet w ON w.owner_id = p.owner_id WHERE w.owner_id = ANY (v_owners)
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
    LEFT JOIN (
      SELECT id, owner_id FROM ledger_account
      WHERE kind = 'seller_payable' AND owner_id = ANY (v_sellers) AND currency = 'USD') a
      ON a.owner_id = e.seller_owner_id
    GROUP BY 1, 3, 4
  ), moved AS (
    INSERT INTO transfer (transaction_id, leg, debit_account_id, credit_account_id, amount, code)
    SELECT l.transaction_id, row_number() OVER (PARTITION BY l.transaction_id ORDER BY l.place, l.credit),
      l.debit, l.credit, l.amount, l.code
    FROM leg l WHERE l.amount > 0
  )
  UPDATE wallet w SET posted = w.posted - (p.captured - p.promo), promo = w.promo - p.promo, held = w.held - p.amount
  FROM paid p WHERE w.owner_id = p.owner_id AND w.owner_id = ANY (v_owners);
END $$;

-- Gives back what ended requests no longer need: of their token's budgets and places, of their lease, and of the wallet
-- of an owner who pays for none of them.
CREATE OR REPLACE FUNCTION release_ended(p_ended ended_request[]) RETURNS void LANGUAGE plpgsql
SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_at timestamptz := clock_timestamp();
  v_owners uuid[];
  v_tokens uuid[] := ARRAY(SELECT DISTINCT e.api_token_id FROM unnest(p_ended) e);
  v_leases text[] := ARRAY(SELECT DISTINCT e.lease_id FROM unnest(p_ended) e WHERE e.lease_id IS NOT NULL);
BEGIN
  v_owners := ARRAY(SELECT e.owner_id FROM unnest(p_ended) e GROUP BY 1 HAVING sum(e.captured) = 0);
  IF v_owners <> '{}' THEN
    UPDATE wallet w SET held = w.held - r.amount
    FROM (SELECT e.owner_id, sum(e.amount)::bigint AS amount FROM unnest(p_ended) e GROUP BY 1) r
    WHERE w.owner_id = r.owner_id AND w.owner_id = ANY (v_owners) AND r.amount > 0;
  END IF;

  UPDATE token_load t SET open = t.open - r.ended
  FROM (
    SELECT e.api_token_id, count(*)::integer AS ended FROM unnest(p_ended) e
    WHERE e.lease_id IS NULL
      OR e.lease_id IN (SELECT l.id FROM lease l WHERE l.id = ANY (v_leases) AND l.state = 'closing') GROUP BY 1) r
  WHERE t.api_token_id = r.api_token_id AND t.api_token_id = ANY (v_tokens);

  IF v_leases <> '{}' THEN
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
    WHERE l.id = r.lease_id AND l.id = ANY (v_leases);
    DELETE FROM lease_extension x USING unnest(p_ended) e
    WHERE x.lease_id = e.lease_id AND x.request_id = e.id AND x.lease_id = ANY (v_leases);
  END IF;

  IF EXISTS (SELECT FROM budget b WHERE b.api_token_id = ANY (v_tokens)) THEN
    UPDATE budget b SET held = b.held - r.amount
    FROM (SELECT e.api_token_id, sum(e.amount)::bigint AS amount FROM unnest(p_ended) e GROUP BY 1) r
    WHERE b.api_token_id = r.api_token_id AND b.api_token_id = ANY (v_tokens) AND r.amount > 0;
    INSERT INTO budget_slice AS s (budget_id, starts_at, spent)
    SELECT b.id, budget_slice_start(b.period, b.is_rolling, v_at), r.captured
    FROM budget b
    JOIN (SELECT e.api_token_id, sum(e.captured)::bigint AS captured FROM unnest(p_ended) e GROUP BY 1) r
      ON r.api_token_id = b.api_token_id
    WHERE b.api_token_id = ANY (v_tokens) AND r.captured > 0
    ON CONFLICT (budget_id, starts_at) DO UPDATE SET spent = s.spent + excluded.spent;
  END IF;
END $$;
