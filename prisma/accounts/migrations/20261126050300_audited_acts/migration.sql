-- Acts that were plain statements, as functions that say what came of them: their line in the record is written by the
-- same statement. Functions only: no locks to mind.

-- False where there is no saved means of payment to charge. Switching it on again is a fresh start: what failed before
-- is forgotten.
CREATE FUNCTION put_auto_top_up(
  p_owner uuid, p_provider text, p_is_enabled boolean, p_threshold bigint, p_amount bigint, p_monthly_max bigint
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO auto_top_up AS a (owner_id, is_enabled, threshold, amount, monthly_max, disabled_reason)
  SELECT p_owner, p_is_enabled, p_threshold, p_amount, p_monthly_max, CASE WHEN NOT p_is_enabled THEN 'switched_off' END
  WHERE NOT p_is_enabled OR EXISTS (
    SELECT FROM payment_method m WHERE m.owner_id = p_owner AND m.provider = p_provider)
  ON CONFLICT (owner_id) DO UPDATE SET is_enabled = excluded.is_enabled, threshold = excluded.threshold,
    amount = excluded.amount, monthly_max = excluded.monthly_max, disabled_reason = excluded.disabled_reason,
    failures = 0, failed_at = NULL, failure = NULL;
  RETURN FOUND;
END $$;

CREATE FUNCTION put_payout_account(p_owner uuid, p_provider text, p_destination text, p_is_ready boolean) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO payout_account (owner_id, provider, destination, is_ready)
  VALUES (p_owner, p_provider, p_destination, p_is_ready)
  ON CONFLICT (owner_id) DO UPDATE SET provider = excluded.provider, destination = excluded.destination,
    is_ready = excluded.is_ready, changed_at = now();
  RETURN 'put';
END $$;

-- Puts all payouts that wait for a bank's file into one: `made`. The same id gives the same file again: `replay`.
DROP FUNCTION fill_payout_batch;
CREATE FUNCTION make_payout_batch(p_batch uuid) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO payout_batch (id) VALUES (p_batch) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    RETURN 'replay';
  END IF;
  UPDATE payout SET batch_id = p_batch WHERE id IN (
    SELECT id FROM payout WHERE provider = 'csv' AND state = 'submitted' AND batch_id IS NULL
    ORDER BY id FOR UPDATE SKIP LOCKED);
  RETURN 'made';
END $$;
