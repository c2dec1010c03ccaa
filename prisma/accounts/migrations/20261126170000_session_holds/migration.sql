-- Sets more aside for a session, and keeps it held for longer: a session may outlive what a hold lives for, and is renewed
-- while somebody runs it. Its API token is looked at each time, so that from the commit of a revocation on it gets no more.
-- A new function; no table is changed.
CREATE FUNCTION extend_session(p_id text, p_epoch integer, p_amount bigint, p_expires_at timestamptz)
RETURNS TABLE (result text, hold_amount bigint) LANGUAGE plpgsql AS $$
DECLARE
  v_hold hold%ROWTYPE;
BEGIN
  -- Locks in the order of all others: the hold, then (in extend_hold) the wallet.
  SELECT * INTO v_hold FROM hold WHERE id = p_id FOR UPDATE;
  IF FOUND AND v_hold.epoch = p_epoch AND NOT EXISTS (
    SELECT FROM api_token t WHERE t.id = v_hold.api_token_id AND t.revoked_at IS NULL
      AND (t.expires_at IS NULL OR t.expires_at > clock_timestamp())
  ) THEN
    RETURN QUERY SELECT 'token_revoked', v_hold.amount;
    RETURN;
  END IF;
  SELECT e.result, e.hold_amount INTO result, hold_amount FROM extend_hold(p_id, p_epoch, p_amount) e;
  IF result = 'held' THEN
    UPDATE hold SET expires_at = greatest(expires_at, p_expires_at) WHERE id = p_id;
  END IF;
  RETURN NEXT;
END $$;
