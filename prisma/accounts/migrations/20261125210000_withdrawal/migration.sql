-- Requests whose admission was lost on its way: whoever asked for it will never use its hold. A withdrawal ends
-- the hold, and where it overtakes the hold, none is made any more.

-- Kept for ever, as holds are: an admission that is late may be as late as it likes.
CREATE TABLE withdrawal (
  request_id text PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- Sets money aside. The first outcome for an id is the outcome for ever, a decline included; a withdrawn id gets
-- nothing, whenever it was withdrawn.
-- A request's admission and its withdrawal wait for each other by the lock on its id: neither sees what the other
-- has not committed, and they write different rows, so that without it both could pass and the hold would stay.
-- After that come the hold, then the wallet, as everywhere, so that no two can wait for each other.
CREATE OR REPLACE FUNCTION authorise(
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
  PERFORM pg_advisory_xact_lock(hashtextextended(p_id, 0));
  IF EXISTS (SELECT FROM withdrawal WHERE request_id = p_id) THEN
    RETURN QUERY SELECT 'request_withdrawn', 1, p_amount, true;
    RETURN;
  END IF;

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

-- Ends the hold of a request that nobody will serve, or prevents it. Harmless for one that has ended otherwise.
CREATE FUNCTION withdraw(p_id text, p_subject text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_hold hold%ROWTYPE;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(p_id, 0));
  SELECT * INTO v_hold FROM hold WHERE id = p_id FOR UPDATE;
  IF FOUND AND v_hold.state <> 'open' THEN
    RETURN 'replay';
  END IF;
  INSERT INTO withdrawal (request_id) VALUES (p_id) ON CONFLICT DO NOTHING;
  IF v_hold.id IS NULL THEN
    RETURN CASE WHEN FOUND THEN 'prevented' ELSE 'replay' END;
  END IF;

  UPDATE hold SET state = 'released', outcome = 'not_served', resolved_at = clock_timestamp()
  WHERE id = p_id;
  INSERT INTO outbox (message_id, subject, payload)
  VALUES ('usage:' || p_id, p_subject, jsonb_build_object(
    'type', 'usage-settled', 'requestId', p_id, 'ownerId', v_hold.owner_id,
    'apiTokenId', v_hold.api_token_id, 'sellerOwnerId', NULL, 'providerId', NULL, 'model', NULL,
    'outcome', 'not_served', 'charge', '0', 'fee', '0', 'promptTokens', 0, 'completionTokens', 0,
    'atMs', floor(extract(epoch FROM clock_timestamp()) * 1000)));
  UPDATE wallet SET held = held - v_hold.amount WHERE owner_id = v_hold.owner_id;
  RETURN 'released';
END $$;

-- The oracle, which also knows that nothing withdrawn may be held.
CREATE OR REPLACE VIEW ledger_violations AS
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
  FROM hold h WHERE h.state = 'open' AND h.expires_at < clock_timestamp() - interval '60 seconds'
UNION ALL
  SELECT 'hold_withdrawn', h.id, format('open, withdrawn at %s', w.created_at)
  FROM withdrawal w JOIN hold h ON h.id = w.request_id WHERE h.state = 'open';
