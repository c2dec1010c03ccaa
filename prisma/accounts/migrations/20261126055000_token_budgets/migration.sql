-- Budgets as their owners set, see and remove them. Adds functions and triggers only; the triggers take a lock on
-- `budget` for an instant.

-- Gives a token these budgets and no others: `[{"period": "day", "isRolling": false, "amount": "1000"}]`. One that
-- stays goes on counting what it has counted. From the commit on no request gets past them.
CREATE FUNCTION put_budgets(p_token uuid, p_budgets jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM wallet WHERE owner_id = (SELECT owner_id FROM api_token WHERE id = p_token) FOR UPDATE;
  DELETE FROM budget b WHERE b.api_token_id = p_token AND NOT EXISTS (
    SELECT FROM jsonb_to_recordset(p_budgets) AS w (period text, "isRolling" boolean)
    WHERE w.period = b.period AND w."isRolling" = b.is_rolling);
  PERFORM set_budget(p_token, w.period, w."isRolling", w.amount)
  FROM jsonb_to_recordset(p_budgets) AS w (period text, "isRolling" boolean, amount bigint);
END $$;

-- What stands of the budgets of some tokens, by what the ledger decides with.
CREATE FUNCTION budget_use(p_tokens uuid[]) RETURNS TABLE (
  api_token_id uuid, period text, is_rolling boolean, amount bigint, spent bigint, held bigint, remaining bigint,
  window_starts_at timestamptz, window_ends_at timestamptz, counted_from timestamptz
) LANGUAGE sql STABLE AS $$
  SELECT b.api_token_id, b.period, b.is_rolling, b.amount,
    coalesce((SELECT sum(s.spent)::bigint FROM budget_slice s
      WHERE s.budget_id = b.id AND s.starts_at >= w.starts_at), 0),
    b.held, budget_left(b, w.at),
    CASE WHEN b.period <> 'lifetime' THEN w.starts_at END,
    -- In UTC, whatever the session's zone is: months differ.
    CASE WHEN b.period <> 'lifetime' AND NOT b.is_rolling
      THEN (w.starts_at AT TIME ZONE 'UTC' + ('1 ' || b.period)::interval) AT TIME ZONE 'UTC' END,
    greatest(b.created_at, w.starts_at)
  FROM budget b
  CROSS JOIN LATERAL (
    SELECT n.at, budget_window_start(b.period, b.is_rolling, n.at) AS starts_at
    FROM (SELECT clock_timestamp() AS at) n) w
  WHERE b.api_token_id = ANY (p_tokens)
  ORDER BY b.api_token_id, array_position(ARRAY['day', 'week', 'month', 'lifetime'], b.period), b.is_rolling
$$;

-- A token that gets a budget, or another one, is a token that changes: routers that hold money for it in advance
-- give it back before the change counts as known. Deferred for the reason told at `note_access_change`.
CREATE FUNCTION note_budget_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(4711002);
  INSERT INTO access_change (kind, subject) VALUES ('api-token', coalesce(NEW.api_token_id, OLD.api_token_id));
  RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER budget_given AFTER INSERT ON budget DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION note_budget_change();
CREATE CONSTRAINT TRIGGER budget_changed AFTER UPDATE ON budget DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (OLD.amount IS DISTINCT FROM NEW.amount) EXECUTE FUNCTION note_budget_change();
CREATE CONSTRAINT TRIGGER budget_gone AFTER DELETE ON budget DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION note_budget_change();
