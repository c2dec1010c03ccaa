-- How money from outside moves: top-ups, what a payment provider tells, refunds, disputes. New functions only.
--
-- Everything here locks in the same order as the ledger does: first the row of the provider's event, then wallets by
-- owner (that of the installation itself among them), and under the wallet's lock whatever belongs to its owner.

-- Moving money ---------------------------------------------------------------------------------------------------------

-- The wallets of these owners and of the installation, in the order in which everybody locks them.
CREATE FUNCTION lock_wallets(VARIADIC p_owners uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM wallet
  WHERE owner_id = ANY (p_owners || ARRAY(SELECT id FROM owner WHERE kind = 'global'))
  ORDER BY owner_id FOR UPDATE;
END $$;

-- One transfer for `post_transaction`; none where nothing moves.
CREATE FUNCTION leg(p_debit uuid, p_credit uuid, p_amount bigint, p_code text) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN p_amount = 0 THEN '[]'::jsonb ELSE jsonb_build_array(jsonb_build_object(
    'debit', p_debit, 'credit', p_credit, 'amount', p_amount, 'code', p_code)) END
$$;

-- Posts what its caller has found, under the wallet's lock, not to be posted yet.
CREATE FUNCTION post_part(
  p_subject_kind text, p_subject text, p_kind text, p_external_id text, p_reason text, p_reverses bigint,
  p_legs jsonb
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_result text;
  v_id bigint;
BEGIN
  SELECT p.result, p.transaction_id INTO v_result, v_id FROM post_transaction(
    p_kind, p_external_id, encode(sha256(convert_to(p_legs::text, 'UTF8')), 'hex'), p_reason, p_reverses, p_legs) p;
  IF v_result <> 'posted' THEN
    RAISE EXCEPTION '% was posted before', p_external_id;
  END IF;
  INSERT INTO transaction_subject (transaction_id, kind, id) VALUES (v_id, p_subject_kind, p_subject);
  RETURN v_id;
END $$;

-- Of an owner's own money: what no running request may need.
CREATE FUNCTION free_posted(p_owner uuid) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT least(posted, posted + promo - held) FROM wallet WHERE owner_id = p_owner
$$;

-- What an owner owes us. Changes under its wallet's lock only.
CREATE FUNCTION debt_of(p_owner uuid) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT sum(f.amount) FROM transfer f WHERE f.debit_account_id = a.id), 0)::bigint
    - coalesce((SELECT sum(f.amount) FROM transfer f WHERE f.credit_account_id = a.id), 0)::bigint
  FROM ledger_account a WHERE a.id = account_of('buyer_debt', p_owner)
$$;

-- Money for an owner: into the wallet, and from there to what it owes.
CREATE FUNCTION legs_to_owner(p_from uuid, p_owner uuid, p_amount bigint, p_code text) RETURNS jsonb
LANGUAGE sql STABLE AS $$
  SELECT leg(p_from, account_of('buyer_wallet', p_owner), p_amount, p_code)
    || leg(account_of('buyer_wallet', p_owner), account_of('buyer_debt', p_owner),
      least(p_amount, debt_of(p_owner)), 'debt')
$$;

-- Money that an owner must give: what is free of it, and the rest is owed.
CREATE FUNCTION legs_from_owner(p_owner uuid, p_to uuid, p_amount bigint, p_code text) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
  v_free bigint := least(p_amount, free_posted(p_owner));
BEGIN
  IF v_free < p_amount THEN
    INSERT INTO debtor (owner_id) VALUES (p_owner) ON CONFLICT DO NOTHING;
  END IF;
  RETURN leg(account_of('buyer_wallet', p_owner), p_to, v_free, p_code)
    || leg(account_of('buyer_debt', p_owner), p_to, p_amount - v_free, p_code);
END $$;

-- Takes what has become free in the wallets of those who owe. Gives how many paid something.
CREATE FUNCTION collect_debts(p_limit integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  v_owners uuid[] := ARRAY(
    SELECT d.owner_id FROM debtor d JOIN wallet w ON w.owner_id = d.owner_id
    WHERE least(w.posted, w.posted + w.promo - w.held) > 0 OR debt_of(d.owner_id) = 0 LIMIT p_limit);
  v_owner uuid;
  v_amount bigint;
  v_count integer := 0;
BEGIN
  PERFORM lock_wallets(VARIADIC v_owners);
  FOREACH v_owner IN ARRAY v_owners LOOP
    v_amount := least(debt_of(v_owner), free_posted(v_owner));
    IF v_amount > 0 THEN
      PERFORM post_transaction('adjustment', NULL, NULL, 'debt collected', NULL, leg(
        account_of('buyer_wallet', v_owner), account_of('buyer_debt', v_owner), v_amount, 'debt'));
      v_count := v_count + 1;
    END IF;
    DELETE FROM debtor WHERE owner_id = v_owner AND debt_of(v_owner) = 0;
  END LOOP;
  RETURN v_count;
END $$;

-- Gives up what an owner owes and will not pay: the platform's loss.
CREATE FUNCTION write_off_debt(p_id uuid, p_owner uuid, p_reason text)
RETURNS TABLE (result text, amount bigint) LANGUAGE plpgsql AS $$
DECLARE
  v_amount bigint;
  v_hash text;
BEGIN
  PERFORM lock_wallets(p_owner);
  SELECT f.amount, t.parameters_hash INTO v_amount, v_hash FROM transaction t JOIN transfer f ON f.transaction_id = t.id
  WHERE t.external_id = 'write_off:' || p_id::text;
  IF FOUND THEN
    RETURN QUERY SELECT CASE v_hash WHEN p_owner::text THEN 'replay' ELSE 'parameters_differ' END, v_amount;
    RETURN;
  END IF;
  v_amount := debt_of(p_owner);
  IF v_amount = 0 THEN
    RETURN QUERY SELECT 'nothing_owed', 0::bigint;
    RETURN;
  END IF;
  PERFORM post_transaction('adjustment', 'write_off:' || p_id::text, p_owner::text, p_reason, NULL,
    leg(global_account('bad_debt'), account_of('buyer_debt', p_owner), v_amount, 'write_off'));
  DELETE FROM debtor WHERE owner_id = p_owner;
  RETURN QUERY SELECT 'written_off', v_amount;
END $$;

-- Top-ups --------------------------------------------------------------------------------------------------------------

-- Remembers that an owner wants to pay. The same id again is the same top-up.
CREATE FUNCTION begin_top_up(p_id uuid, p_owner uuid, p_provider text, p_amount bigint, p_saves_method boolean)
RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO top_up (id, owner_id, provider, kind, amount, saves_method, customer_id)
  SELECT p_id, p_owner, p_provider, 'checkout', p_amount, p_saves_method, (
    SELECT m.customer_id FROM payment_method m WHERE m.provider = p_provider AND m.owner_id = p_owner)
  ON CONFLICT (id) DO NOTHING;
  IF FOUND THEN
    RETURN 'created';
  END IF;
  RETURN CASE WHEN EXISTS (
    SELECT FROM top_up WHERE id = p_id AND owner_id = p_owner AND provider = p_provider AND kind = 'checkout'
      AND amount = p_amount AND saves_method = p_saves_method) THEN 'replay' ELSE 'parameters_differ' END;
END $$;

-- Begins a charge for each owner whose wallet is below its threshold: at most one at a time, within its month.
CREATE FUNCTION begin_auto_top_ups(
  p_provider text, p_failures_max integer, p_pause interval, p_limit integer
) RETURNS SETOF uuid LANGUAGE plpgsql AS $$
DECLARE
  v_owners uuid[];
BEGIN
  v_owners := ARRAY(
    SELECT a.owner_id FROM auto_top_up a JOIN wallet w ON w.owner_id = a.owner_id
    WHERE a.is_enabled AND w.posted + w.promo - w.held < a.threshold
      AND (a.failed_at IS NULL OR a.failures >= p_failures_max OR a.failed_at <= clock_timestamp() - p_pause)
      AND a.amount + charged_this_month(a.owner_id) <= a.monthly_max
      AND NOT EXISTS (SELECT FROM top_up t WHERE t.owner_id = a.owner_id AND t.kind = 'auto' AND t.state = 'created')
      AND EXISTS (SELECT FROM payment_method m WHERE m.provider = p_provider AND m.owner_id = a.owner_id)
    ORDER BY random() LIMIT p_limit);
  PERFORM lock_wallets(VARIADIC v_owners);
  UPDATE auto_top_up SET is_enabled = false, disabled_reason = coalesce(failure, 'declined')
  WHERE owner_id = ANY (v_owners) AND is_enabled AND failures >= p_failures_max;
  -- Looked at again: another replica may have been here, money may have come.
  RETURN QUERY
    INSERT INTO top_up (id, owner_id, provider, kind, amount, saves_method, customer_id, method_id)
    SELECT gen_random_uuid(), a.owner_id, p_provider, 'auto', a.amount, false, m.customer_id, m.method_id
    FROM auto_top_up a
    JOIN wallet w ON w.owner_id = a.owner_id
    JOIN payment_method m ON m.provider = p_provider AND m.owner_id = a.owner_id
    WHERE a.owner_id = ANY (v_owners) AND a.is_enabled AND w.posted + w.promo - w.held < a.threshold
      AND (a.failed_at IS NULL OR a.failed_at <= clock_timestamp() - p_pause)
      AND a.amount + charged_this_month(a.owner_id) <= a.monthly_max
    ON CONFLICT (owner_id) WHERE kind = 'auto' AND state = 'created' DO NOTHING
    RETURNING id;
END $$;

-- What was charged by itself since the first of the month (UTC), or is about to be.
CREATE FUNCTION charged_this_month(p_owner uuid) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT coalesce(sum(amount), 0)::bigint FROM top_up
  WHERE owner_id = p_owner AND kind = 'auto' AND state IN ('created', 'paid')
    AND created_at >= date_trunc('month', clock_timestamp(), 'UTC')
$$;

-- Charges that the provider has not answered for. Each is given to one who asks, and to nobody else for a while.
CREATE FUNCTION unanswered_charges(p_provider text, p_pause interval, p_limit integer) RETURNS SETOF uuid
LANGUAGE sql AS $$
  UPDATE top_up SET asked_at = clock_timestamp() WHERE id IN (
    SELECT id FROM top_up
    WHERE kind = 'auto' AND state = 'created' AND provider = p_provider AND asked_at <= clock_timestamp() - p_pause
    ORDER BY asked_at LIMIT p_limit FOR UPDATE SKIP LOCKED)
  RETURNING id
$$;

-- What the provider tells -----------------------------------------------------------------------------------------------

-- Keeps an event and does what it says, in one transaction, once. Says what became of it.
CREATE FUNCTION take_payment_event(
  p_provider text, p_id text, p_type text, p_occurred_at timestamptz, p_event jsonb
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_state text;
BEGIN
  INSERT INTO payment_event (provider, id, type, occurred_at, event, payment_id)
  VALUES (p_provider, p_id, p_type, p_occurred_at, p_event, p_event ->> 'paymentId')
  ON CONFLICT DO NOTHING;
  SELECT state INTO v_state FROM payment_event WHERE provider = p_provider AND id = p_id FOR UPDATE;
  IF v_state <> 'waiting' THEN
    RETURN 'replay';
  END IF;
  RETURN apply_payment_event(p_provider, p_id);
END $$;

-- Takes one event whose payment has become known meanwhile. False where there is none.
CREATE FUNCTION retry_payment_event() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  v_provider text;
  v_id text;
BEGIN
  SELECT e.provider, e.id INTO v_provider, v_id FROM payment_event e
  WHERE e.state = 'waiting' AND EXISTS (
    SELECT FROM top_up t WHERE t.provider = e.provider AND t.payment_id = e.payment_id)
  ORDER BY e.occurred_at, e.id LIMIT 1 FOR UPDATE OF e SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM apply_payment_event(v_provider, v_id);
  RETURN true;
END $$;

-- Under the lock of the event's row.
CREATE FUNCTION apply_payment_event(p_provider text, p_id text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_event payment_event%ROWTYPE;
  v_state text;
  v_reason text;
  v_other text;
BEGIN
  SELECT * INTO v_event FROM payment_event WHERE provider = p_provider AND id = p_id;
  CASE v_event.event ->> 'kind'
    WHEN 'payment_succeeded' THEN
      SELECT * INTO v_state, v_reason FROM payment_succeeded(v_event);
    WHEN 'payment_failed' THEN
      SELECT * INTO v_state, v_reason FROM payment_failed(v_event);
    WHEN 'refund_changed' THEN
      SELECT * INTO v_state, v_reason FROM refund_changed(v_event);
    WHEN 'dispute_changed' THEN
      SELECT * INTO v_state, v_reason FROM dispute_changed(v_event);
    WHEN 'unusable' THEN
      v_state := 'refused';
      v_reason := v_event.event ->> 'reason';
    ELSE
      v_state := 'ignored';
  END CASE;
  UPDATE payment_event SET state = v_state, reason = v_reason,
    processed_at = CASE WHEN v_state <> 'waiting' THEN clock_timestamp() END
  WHERE provider = p_provider AND id = p_id;
  IF v_event.event ->> 'kind' = 'payment_succeeded' AND v_state = 'done' THEN
    -- One that somebody else has in hand sees the payment by itself, or is retried.
    FOR v_other IN
      SELECT e.id FROM payment_event e
      WHERE e.provider = p_provider AND e.payment_id = v_event.payment_id AND e.state = 'waiting' AND e.id <> p_id
      ORDER BY e.occurred_at, e.id FOR UPDATE SKIP LOCKED
    LOOP
      PERFORM apply_payment_event(p_provider, v_other);
    END LOOP;
  END IF;
  RETURN v_state;
END $$;

CREATE FUNCTION payment_succeeded(p_event payment_event, OUT state text, OUT reason text) LANGUAGE plpgsql AS $$
DECLARE
  v_top_up top_up%ROWTYPE;
  v_amount bigint := (p_event.event ->> 'amount')::bigint;
  v_transaction bigint;
BEGIN
  SELECT * INTO v_top_up FROM top_up t WHERE t.id = (p_event.event ->> 'topUpId')::uuid;
  IF NOT FOUND OR v_top_up.provider <> p_event.provider THEN
    state := 'refused';
    reason := 'there is no such top-up';
    RETURN;
  END IF;
  PERFORM lock_wallets(v_top_up.owner_id);
  SELECT * INTO v_top_up FROM top_up t WHERE t.id = v_top_up.id;
  IF v_top_up.state = 'paid' THEN
    state := CASE WHEN v_top_up.payment_id = p_event.payment_id THEN 'done' ELSE 'refused' END;
    reason := CASE WHEN state = 'refused' THEN 'the top-up was paid by another payment' END;
    RETURN;
  END IF;
  v_transaction := post_part('top_up', v_top_up.id::text, 'top_up',
    'payment:' || p_event.provider || ':' || p_event.payment_id, NULL, NULL,
    legs_to_owner(global_account('cash_clearing'), v_top_up.owner_id, v_amount, 'top_up'));
  UPDATE top_up t SET state = 'paid', payment_id = p_event.payment_id, paid = v_amount, transaction_id = v_transaction,
    failure = NULL, resolved_at = clock_timestamp()
  WHERE t.id = v_top_up.id;
  IF v_top_up.kind = 'auto' THEN
    UPDATE auto_top_up a SET failures = 0, failed_at = NULL, failure = NULL WHERE a.owner_id = v_top_up.owner_id;
  ELSIF v_top_up.saves_method AND p_event.event ->> 'methodId' IS NOT NULL
    AND p_event.event ->> 'customerId' IS NOT NULL
  THEN
    INSERT INTO payment_method AS m (provider, owner_id, customer_id, method_id, saved_at)
    VALUES (p_event.provider, v_top_up.owner_id, p_event.event ->> 'customerId', p_event.event ->> 'methodId',
      p_event.occurred_at)
    ON CONFLICT (provider, owner_id) DO UPDATE SET customer_id = excluded.customer_id,
      method_id = excluded.method_id, saved_at = excluded.saved_at
    WHERE m.saved_at < excluded.saved_at;
  END IF;
  state := 'done';
END $$;

-- Nothing will come of a top-up. What is paid stays paid.
CREATE FUNCTION payment_failed(p_event payment_event, OUT state text, OUT reason text) LANGUAGE plpgsql AS $$
DECLARE
  v_top_up top_up%ROWTYPE;
BEGIN
  SELECT * INTO v_top_up FROM top_up t WHERE t.id = (p_event.event ->> 'topUpId')::uuid;
  IF NOT FOUND OR v_top_up.provider <> p_event.provider THEN
    state := 'refused';
    reason := 'there is no such top-up';
    RETURN;
  END IF;
  state := 'done';
  -- On the provider's page a buyer may try another card; only the end of the page is the end.
  IF v_top_up.kind = 'checkout' AND NOT (p_event.event ->> 'isFinal')::boolean THEN
    RETURN;
  END IF;
  PERFORM lock_wallets(v_top_up.owner_id);
  UPDATE top_up t SET state = 'failed', failure = p_event.event ->> 'reason', resolved_at = clock_timestamp()
  WHERE t.id = v_top_up.id AND t.state = 'created';
  IF FOUND AND v_top_up.kind = 'auto' THEN
    UPDATE auto_top_up a SET failures = a.failures + 1, failed_at = clock_timestamp(),
      failure = p_event.event ->> 'reason'
    WHERE a.owner_id = v_top_up.owner_id;
  END IF;
END $$;

-- Refunds --------------------------------------------------------------------------------------------------------------

-- Takes the money of a refund out of the wallet: never more than was paid and has not gone back, never what running
-- requests may need or what is owed.
CREATE FUNCTION begin_refund(p_id uuid, p_top_up uuid, p_amount bigint, p_reason text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  v_top_up top_up%ROWTYPE;
  v_refund refund%ROWTYPE;
  v_transaction bigint;
BEGIN
  SELECT * INTO v_top_up FROM top_up WHERE id = p_top_up;
  IF NOT FOUND THEN
    RETURN 'missing';
  END IF;
  PERFORM lock_wallets(v_top_up.owner_id);
  SELECT * INTO v_refund FROM refund WHERE id = p_id;
  IF FOUND THEN
    RETURN CASE WHEN v_refund.top_up_id = p_top_up AND v_refund.amount = p_amount THEN 'replay'
      ELSE 'parameters_differ' END;
  END IF;
  SELECT * INTO v_top_up FROM top_up WHERE id = p_top_up;
  IF v_top_up.state <> 'paid' THEN
    RETURN 'not_paid';
  END IF;
  IF p_amount > v_top_up.paid - refunded_of(p_top_up) - disputed_of(p_top_up) THEN
    RETURN 'exceeds_paid';
  END IF;
  IF p_amount > free_posted(v_top_up.owner_id) - debt_of(v_top_up.owner_id) THEN
    RETURN 'exceeds_free';
  END IF;
  v_transaction := post_part('refund', p_id::text, 'refund', 'refund:' || p_id::text, p_reason,
    v_top_up.transaction_id, leg(account_of('buyer_wallet', v_top_up.owner_id), global_account('cash_clearing'),
      p_amount, 'refund'));
  INSERT INTO refund (id, top_up_id, owner_id, amount, reason, is_ours, provider, transaction_id)
  VALUES (p_id, p_top_up, v_top_up.owner_id, p_amount, p_reason, true, v_top_up.provider, v_transaction);
  RETURN 'submitted';
END $$;

-- What has gone back of a payment, or is on its way.
CREATE FUNCTION refunded_of(p_top_up uuid) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT coalesce(sum(amount), 0)::bigint FROM refund WHERE top_up_id = p_top_up AND state <> 'failed'
$$;

-- What a bank has taken back of a payment.
CREATE FUNCTION disputed_of(p_top_up uuid) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT coalesce(sum(amount), 0)::bigint FROM dispute WHERE top_up_id = p_top_up AND state IN ('open', 'lost')
$$;

-- Refunds that the provider has not answered for. Each is given to one who asks, and to nobody else for a while.
CREATE FUNCTION unanswered_refunds(p_provider text, p_pause interval, p_limit integer) RETURNS SETOF uuid
LANGUAGE sql AS $$
  UPDATE refund SET asked_at = clock_timestamp() WHERE id IN (
    SELECT id FROM refund
    WHERE state = 'submitted' AND is_ours AND provider = p_provider AND asked_at <= clock_timestamp() - p_pause
    ORDER BY asked_at LIMIT p_limit FOR UPDATE SKIP LOCKED)
  RETURNING id
$$;

CREATE FUNCTION refund_rank(p_state text) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
  SELECT array_position(ARRAY['submitted', 'succeeded', 'failed'], p_state)
$$;

CREATE FUNCTION refund_changed(p_event payment_event, OUT state text, OUT reason text) LANGUAGE plpgsql AS $$
DECLARE
  v_top_up top_up%ROWTYPE;
  v_refund refund%ROWTYPE;
  v_new text := p_event.event ->> 'state';
  v_provider_id text := p_event.event ->> 'providerRefundId';
BEGIN
  SELECT * INTO v_top_up FROM top_up t WHERE t.provider = p_event.provider AND t.payment_id = p_event.payment_id;
  IF NOT FOUND THEN
    state := 'waiting';
    RETURN;
  END IF;
  PERFORM lock_wallets(v_top_up.owner_id);
  SELECT * INTO v_refund FROM refund r
  WHERE r.top_up_id = v_top_up.id AND (r.provider_refund_id = v_provider_id
    OR (r.is_ours AND r.provider_refund_id IS NULL AND r.id::text = p_event.event ->> 'refundId'));
  IF NOT FOUND THEN
    v_refund := begin_outside_refund(p_event, v_top_up);
  END IF;
  state := 'done';
  IF v_refund.amount <> (p_event.event ->> 'amount')::bigint THEN
    state := 'refused';
    reason := 'the refund is of another amount';
    RETURN;
  END IF;
  UPDATE refund r SET provider_refund_id = v_provider_id WHERE r.id = v_refund.id AND r.provider_refund_id IS NULL;
  IF refund_rank(v_new) <= refund_rank(v_refund.state) THEN
    RETURN;
  END IF;
  IF v_new = 'failed' THEN
    v_refund.reversal_id := post_part('refund', v_refund.id::text, 'refund',
      'refund:' || v_refund.id::text || ':failed', p_event.event ->> 'reason', v_refund.transaction_id,
      legs_to_owner(global_account('cash_clearing'), v_refund.owner_id, v_refund.amount, 'refund_failed'));
  END IF;
  UPDATE refund r SET state = v_new, reversal_id = v_refund.reversal_id,
    failure = CASE WHEN v_new = 'failed' THEN p_event.event ->> 'reason' END
  WHERE r.id = v_refund.id;
END $$;

-- A refund that was made at the provider, past us: the money is gone, whatever the wallet has.
CREATE FUNCTION begin_outside_refund(p_event payment_event, p_top_up top_up) RETURNS refund LANGUAGE plpgsql AS $$
DECLARE
  v_refund refund%ROWTYPE;
  v_id uuid := gen_random_uuid();
  v_amount bigint := (p_event.event ->> 'amount')::bigint;
  v_failed boolean := p_event.event ->> 'state' = 'failed';
  v_transaction bigint;
BEGIN
  IF NOT v_failed THEN
    v_transaction := post_part('refund', v_id::text, 'refund',
      'refund:' || p_event.provider || ':' || (p_event.event ->> 'providerRefundId'), 'made at the provider',
      p_top_up.transaction_id,
      legs_from_owner(p_top_up.owner_id, global_account('cash_clearing'), v_amount, 'refund'));
  END IF;
  INSERT INTO refund (id, top_up_id, owner_id, amount, reason, is_ours, provider, provider_refund_id, state, failure,
    transaction_id)
  VALUES (v_id, p_top_up.id, p_top_up.owner_id, v_amount, 'made at the provider', false, p_event.provider,
    p_event.event ->> 'providerRefundId', CASE WHEN v_failed THEN 'failed' ELSE 'submitted' END,
    CASE WHEN v_failed THEN p_event.event ->> 'reason' END, v_transaction)
  RETURNING * INTO v_refund;
  RETURN v_refund;
END $$;

-- Disputes -------------------------------------------------------------------------------------------------------------

CREATE FUNCTION dispute_rank(p_state text) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE p_state WHEN 'inquiry' THEN 0 WHEN 'open' THEN 1 WHEN 'lost' THEN 2 ELSE 3 END
$$;

-- Where a dispute's money belongs in a state. One that was won before we had heard of it never moved any.
CREATE FUNCTION dispute_money(p_state text, p_money text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE p_state WHEN 'inquiry' THEN p_money WHEN 'open' THEN 'reserved' WHEN 'lost' THEN 'lost'
    ELSE CASE p_money WHEN 'untouched' THEN 'untouched' ELSE 'returned' END END
$$;

CREATE FUNCTION dispute_changed(p_event payment_event, OUT state text, OUT reason text) LANGUAGE plpgsql AS $$
DECLARE
  v_top_up top_up%ROWTYPE;
  v_dispute dispute%ROWTYPE;
  v_id text := p_event.event ->> 'disputeId';
  v_new text := p_event.event ->> 'state';
  v_fee bigint := CASE WHEN dispute_rank(v_new) >= 2 THEN (p_event.event ->> 'fee')::bigint ELSE 0 END;
BEGIN
  SELECT * INTO v_top_up FROM top_up t WHERE t.provider = p_event.provider AND t.payment_id = p_event.payment_id;
  IF NOT FOUND THEN
    state := 'waiting';
    RETURN;
  END IF;
  PERFORM lock_wallets(v_top_up.owner_id);
  INSERT INTO dispute (provider, id, top_up_id, owner_id, amount, reason, state, as_of)
  VALUES (p_event.provider, v_id, v_top_up.id, v_top_up.owner_id, (p_event.event ->> 'amount')::bigint,
    p_event.event ->> 'reason', 'inquiry', '-infinity')
  ON CONFLICT DO NOTHING;
  SELECT * INTO v_dispute FROM dispute d WHERE d.provider = p_event.provider AND d.id = v_id;
  state := 'done';
  -- Older news. Of two that tell of the same state the later one knows the fee better.
  IF (dispute_rank(v_new), p_event.occurred_at) < (dispute_rank(v_dispute.state), v_dispute.as_of) THEN
    RETURN;
  END IF;
  v_dispute.money := move_disputed(v_dispute, dispute_money(v_new, v_dispute.money));
  PERFORM book_dispute_fee(v_dispute, v_fee, p_event.id);
  UPDATE dispute d SET state = v_new, money = v_dispute.money, fee = v_fee, as_of = p_event.occurred_at
  WHERE d.provider = v_dispute.provider AND d.id = v_dispute.id;
  -- Whoever disputes a payment is not charged by itself any more.
  UPDATE auto_top_up a SET is_enabled = false, disabled_reason = 'disputed'
  WHERE a.owner_id = v_dispute.owner_id AND a.is_enabled AND v_new IN ('open', 'lost');
END $$;

-- Brings the money to where it belongs, by way of the reserve.
CREATE FUNCTION move_disputed(p_dispute dispute, p_to text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_subject text := p_dispute.provider || ':' || p_dispute.id;
  v_reserve uuid := global_account('dispute_reserve');
  v_cash uuid := global_account('cash_clearing');
BEGIN
  IF p_dispute.money = 'untouched' AND p_to IN ('reserved', 'lost') THEN
    PERFORM post_part('dispute', v_subject, 'dispute', 'dispute:' || v_subject || ':opened', p_dispute.reason, NULL,
      legs_from_owner(p_dispute.owner_id, v_reserve, p_dispute.amount, 'dispute'));
  END IF;
  IF p_dispute.money <> 'lost' AND p_to = 'lost' THEN
    PERFORM post_part('dispute', v_subject, 'dispute', 'dispute:' || v_subject || ':lost', p_dispute.reason, NULL,
      leg(v_reserve, v_cash, p_dispute.amount, 'dispute_lost'));
  END IF;
  IF p_dispute.money IN ('reserved', 'lost') AND p_to = 'returned' THEN
    PERFORM post_part('dispute', v_subject, 'dispute', 'dispute:' || v_subject || ':won', p_dispute.reason, NULL,
      legs_to_owner(CASE p_dispute.money WHEN 'lost' THEN v_cash ELSE v_reserve END, p_dispute.owner_id,
        p_dispute.amount, 'dispute_won'));
  END IF;
  RETURN p_to;
END $$;

CREATE FUNCTION book_dispute_fee(p_dispute dispute, p_fee bigint, p_event text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_loss uuid := global_account('bad_debt');
  v_cash uuid := global_account('cash_clearing');
  v_more bigint := p_fee - p_dispute.fee;
BEGIN
  IF v_more <> 0 THEN
    PERFORM post_part('dispute', p_dispute.provider || ':' || p_dispute.id, 'dispute',
      'dispute_fee:' || p_dispute.provider || ':' || p_event, 'fee of the provider', NULL,
      CASE WHEN v_more > 0 THEN leg(v_loss, v_cash, v_more, 'dispute_fee')
        ELSE leg(v_cash, v_loss, -v_more, 'dispute_fee') END);
  END IF;
END $$;
