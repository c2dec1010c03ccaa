-- Promotional money, and what is given back of the charge of a request. New functions only; they lock as those before.

-- Promotional money ------------------------------------------------------------------------------------------------------

-- How much of each live grant is left: what is spent was spent by earliest expiry, so what a wallet has is of the
-- grants that expire last. Exact as long as promotional money was only spent since it was last reckoned.
CREATE FUNCTION promo_left(p_owner uuid) RETURNS TABLE (id uuid, remaining bigint) LANGUAGE sql STABLE AS $$
  SELECT p.id, greatest(0, least(p.remaining, w.promo - p.later))
  FROM wallet w
  JOIN (
    SELECT g.id, g.owner_id, g.remaining, coalesce(sum(g.remaining) OVER (
      ORDER BY g.expires_at DESC, g.id DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)::bigint AS later
    FROM promo_grant g WHERE g.owner_id = p_owner AND NOT g.is_closed) p ON p.owner_id = w.owner_id
$$;

-- Keeps it. Runs before each change of promotional money that is not spending, under the wallet's lock.
CREATE FUNCTION reckon_promo(p_owner uuid) RETURNS void LANGUAGE sql AS $$
  UPDATE promo_grant g SET remaining = l.remaining
  FROM promo_left(p_owner) l WHERE g.id = l.id AND g.remaining <> l.remaining
$$;

-- An operator gives promotional money. The same id again moves nothing.
CREATE FUNCTION grant_promo(p_id uuid, p_owner uuid, p_amount bigint, p_expires_at timestamptz, p_reason text)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_grant promo_grant%ROWTYPE;
  v_result text;
  v_transaction bigint;
BEGIN
  PERFORM lock_wallets(p_owner);
  SELECT * INTO v_grant FROM promo_grant WHERE id = p_id;
  IF FOUND THEN
    RETURN CASE WHEN v_grant.owner_id = p_owner AND v_grant.amount = p_amount AND v_grant.expires_at = p_expires_at
      THEN 'replay' ELSE 'parameters_differ' END;
  END IF;
  PERFORM reckon_promo(p_owner);
  -- Under the name that a grant of real money would have: one id is one grant, of either kind.
  SELECT p.result, p.transaction_id INTO v_result, v_transaction FROM post_transaction(
    'promo', 'grant:' || p_id::text, 'promo:' || p_id::text, p_reason, NULL,
    leg(global_account('promo_expense'), account_of('buyer_promo', p_owner), p_amount, 'promo')) p;
  IF v_result <> 'posted' THEN
    RETURN 'parameters_differ';
  END IF;
  INSERT INTO transaction_subject (transaction_id, kind, id) VALUES (v_transaction, 'promo', p_id::text);
  INSERT INTO promo_grant (id, owner_id, amount, origin, reason, remaining, expires_at)
  VALUES (p_id, p_owner, p_amount, 'grant', p_reason, p_amount, p_expires_at);
  RETURN 'granted';
END $$;

-- Takes back what is left of grants past their expiry, as far as no running request may need it; the rest later.
-- Gives how many grants it took something of.
CREATE FUNCTION expire_promo(p_limit integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  v_owners uuid[] := ARRAY(
    SELECT DISTINCT d.owner_id FROM (
      SELECT owner_id FROM promo_grant WHERE NOT is_closed AND expires_at <= clock_timestamp()
      ORDER BY expires_at LIMIT p_limit) d);
  v_owner uuid;
  v_grant promo_grant%ROWTYPE;
  v_amount bigint;
  v_count integer := 0;
BEGIN
  PERFORM lock_wallets(VARIADIC v_owners);
  FOREACH v_owner IN ARRAY v_owners LOOP
    PERFORM reckon_promo(v_owner);
    FOR v_grant IN
      SELECT * FROM promo_grant
      WHERE owner_id = v_owner AND NOT is_closed AND expires_at <= clock_timestamp() ORDER BY expires_at, id
    LOOP
      SELECT least(v_grant.remaining, posted + promo - held) INTO v_amount FROM wallet WHERE owner_id = v_owner;
      IF v_amount > 0 THEN
        PERFORM post_part('promo', v_grant.id::text, 'promo_expiry',
          'promo_expiry:' || v_grant.id::text || ':' || v_grant.expired::text, NULL, NULL,
          leg(account_of('buyer_promo', v_owner), global_account('promo_expense'), v_amount, 'promo_expiry'));
        v_count := v_count + 1;
      END IF;
      UPDATE promo_grant SET remaining = remaining - v_amount, expired = expired + v_amount,
        is_closed = remaining = v_amount
      WHERE id = v_grant.id;
    END LOOP;
  END LOOP;
  RETURN v_count;
END $$;

-- Refunds of requests ----------------------------------------------------------------------------------------------------

-- Gives back what one request cost, or a part of it, but never more than it cost. Each gives what it got of it: the
-- platform its fee, the seller its part; what the seller has been paid already is the platform's loss. Where the
-- charge was paid with promotional money, that comes first, so that it cannot become money that is paid out. Charges
-- of a batch are one transaction: what is promotional is known of the batch, and given back with its first refunds.
CREATE FUNCTION refund_request(
  p_id uuid, p_receipt text, p_amount bigint, p_reason text, p_promo_lifetime interval
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_receipt receipt%ROWTYPE;
  v_refund request_refund%ROWTYPE;
  v_left bigint;
  v_wallet uuid;
BEGIN
  SELECT * INTO v_receipt FROM receipt WHERE id = p_receipt;
  IF NOT FOUND THEN
    RETURN 'missing';
  END IF;
  PERFORM lock_wallets(v_receipt.owner_id, v_receipt.seller_owner_id);
  v_left := v_receipt.captured - refunded_of_request(p_receipt);
  SELECT * INTO v_refund FROM request_refund WHERE id = p_id;
  IF FOUND THEN
    -- Without an amount it is whatever it was.
    RETURN CASE WHEN v_refund.receipt_id = p_receipt AND v_refund.amount = coalesce(p_amount, v_refund.amount)
      THEN 'replay' ELSE 'parameters_differ' END;
  END IF;
  v_refund := request_refund_parts(v_receipt, coalesce(p_amount, v_left));
  IF v_refund.amount > v_left OR v_refund.amount = 0 THEN
    RETURN 'exceeds_charge';
  END IF;
  v_wallet := account_of('buyer_wallet', v_receipt.owner_id);
  PERFORM reckon_promo(v_receipt.owner_id);
  PERFORM post_part('request_refund', p_id::text, 'refund', 'request_refund:' || p_id::text, p_reason,
    v_receipt.transaction_id,
    leg(global_account('platform_fee'), v_wallet, v_refund.fee, 'refund')
    || leg(account_of('seller_payable', v_receipt.seller_owner_id), v_wallet, v_refund.seller, 'refund')
    || leg(global_account('service_credit'), v_wallet, v_refund.service, 'refund')
    || leg(v_wallet, account_of('buyer_promo', v_receipt.owner_id), v_refund.promo, 'promo'));
  IF v_refund.promo > 0 THEN
    INSERT INTO promo_grant (id, owner_id, amount, origin, reason, remaining, expires_at)
    VALUES (p_id, v_receipt.owner_id, v_refund.promo, 'refund', p_reason, v_refund.promo,
      clock_timestamp() + p_promo_lifetime);
  END IF;
  INSERT INTO request_refund (id, receipt_id, owner_id, amount, fee, seller, service, seller_owner_id, promo,
    usage_transaction_id, reason)
  VALUES (p_id, p_receipt, v_receipt.owner_id, v_refund.amount, v_refund.fee, v_refund.seller, v_refund.service,
    v_receipt.seller_owner_id, v_refund.promo, v_receipt.transaction_id, p_reason);
  RETURN 'refunded';
END $$;

CREATE FUNCTION refunded_of_request(p_receipt text) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT coalesce(sum(amount), 0)::bigint FROM request_refund WHERE receipt_id = p_receipt
$$;

-- Who gives what of an amount. The fee is reckoned on all that was given back of the request so far, so that the
-- parts of many refunds add up to the parts of the charge.
CREATE FUNCTION request_refund_parts(p_receipt receipt, p_amount bigint) RETURNS request_refund
LANGUAGE plpgsql AS $$
DECLARE
  v_refund request_refund%ROWTYPE;
  v_before bigint;
  v_fee_before bigint;
  v_earned bigint;
BEGIN
  v_refund.amount := p_amount;
  IF p_amount = 0 THEN
    RETURN v_refund;
  END IF;
  SELECT coalesce(sum(amount), 0), coalesce(sum(fee), 0) INTO v_before, v_fee_before
  FROM request_refund WHERE receipt_id = p_receipt.id;
  v_refund.fee := floor(p_receipt.fee::numeric * (v_before + p_amount) / p_receipt.captured)::bigint - v_fee_before;
  SELECT balance::bigint INTO v_earned FROM ledger_balance
  WHERE account_id = account_of('seller_payable', p_receipt.seller_owner_id);
  v_refund.seller := greatest(0, least(p_amount - v_refund.fee, v_earned));
  v_refund.service := p_amount - v_refund.fee - v_refund.seller;
  SELECT least(p_amount, coalesce(sum(f.amount), 0) - (
      SELECT coalesce(sum(r.promo), 0) FROM request_refund r
      WHERE r.usage_transaction_id = p_receipt.transaction_id))
  INTO v_refund.promo
  FROM transfer f WHERE f.transaction_id = p_receipt.transaction_id AND f.code = 'promo';
  RETURN v_refund;
END $$;
