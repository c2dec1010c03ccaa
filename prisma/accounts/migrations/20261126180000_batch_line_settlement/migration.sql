-- A line's outcome and what it costs are kept together, or neither is, and whoever takes a line over first ends what was
-- held for it: then nothing that still runs for it can be paid for. Replaces functions of the batches, which no release
-- has had; `batch_line` is altered in a moment.

-- How often somebody has taken a line: each go is a request of its own. `request_id` is that of the go that is under way
-- or that the outcome is of; any other is over.
ALTER TABLE batch_line ADD COLUMN goes integer NOT NULL DEFAULT 0;

-- The id of one go's request: the beginning of its batch's, then the line's position, then the number of the go.
CREATE FUNCTION batch_request_id(p_batch text, p_position integer, p_go integer) RETURNS text LANGUAGE sql IMMUTABLE
RETURN 'req_' || substr(p_batch, 7, 20) || lpad(to_hex(p_position), 6, '0') || lpad(to_hex(p_go), 6, '0');

-- Ends the requests of goes that somebody else has begun, where they have not ended: what was held for them is given
-- back, and what was not held yet never will be. Their holds are locked in the order in which everybody locks holds.
CREATE FUNCTION withdraw_goes(p_requests text[], p_subject text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_request text;
BEGIN
  PERFORM FROM hold WHERE id = ANY (p_requests) ORDER BY id FOR UPDATE;
  FOREACH v_request IN ARRAY p_requests LOOP
    PERFORM withdraw(v_request, p_subject);
  END LOOP;
END $$;

-- Gives lines to whoever holds the claim: to run, each as a new request, or to be told that they will not.
CREATE FUNCTION take_batch_lines(p_batch text, p_runner uuid, p_limit integer, p_running integer[], p_is_closing boolean,
  p_subject text)
RETURNS SETOF batch_line LANGUAGE plpgsql AS $$
DECLARE
  v_positions integer[];
BEGIN
  PERFORM FROM batch WHERE id = p_batch AND claimed_by = p_runner
    AND (p_is_closing OR (status = 'in_progress' AND expires_at > clock_timestamp()))
  FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  v_positions := ARRAY(
    SELECT position FROM batch_line
    WHERE batch_id = p_batch AND result IS NULL AND position <> ALL (p_running)
      AND (p_is_closing OR try_at IS NULL OR try_at <= clock_timestamp())
    ORDER BY position LIMIT p_limit);
  PERFORM withdraw_goes(ARRAY(
    SELECT request_id FROM batch_line
    WHERE batch_id = p_batch AND position = ANY (v_positions) AND request_id IS NOT NULL), p_subject);
  RETURN QUERY
    UPDATE batch_line SET goes = goes + 1,
      request_id = CASE WHEN NOT p_is_closing THEN batch_request_id(batch_id, position, goes + 1) END
    WHERE batch_id = p_batch AND position = ANY (v_positions) RETURNING *;
END $$;

-- The outcome of a go, and what it costs, together: an answer counts only where its request is settled with it, and
-- then once, also where it is told again. A go that is not its line's any more counts for nothing.
DROP FUNCTION record_batch_line(text, integer, text, text, bytea);
CREATE FUNCTION record_batch_line(p_batch text, p_position integer, p_request text, p_result text, p_outcome bytea,
  p_settlement jsonb, p_subject text)
RETURNS TABLE (is_recorded boolean, settled text, charged bigint) LANGUAGE plpgsql AS $$
DECLARE
  v_result text;
  v_settled text;
  v_charged bigint;
BEGIN
  PERFORM FROM batch WHERE id = p_batch FOR NO KEY UPDATE;
  SELECT result INTO v_result FROM batch_line
  WHERE batch_id = p_batch AND position = p_position AND request_id = p_request;
  IF NOT FOUND OR v_result IS NOT NULL THEN
    RETURN QUERY SELECT v_result IS NOT NULL, NULL::text, NULL::bigint;
    RETURN;
  END IF;
  IF p_settlement IS NOT NULL THEN
    SELECT s.result, s.charged INTO v_settled, v_charged FROM settle(jsonb_build_array(p_settlement), p_subject) s;
  END IF;
  -- Its money was given back before: it is run again.
  IF p_result = 'output' AND coalesce(v_settled, 'missing') NOT IN ('settled', 'released') THEN
    RETURN QUERY SELECT false, v_settled, v_charged;
    RETURN;
  END IF;
  UPDATE batch_line SET result = p_result, outcome = p_outcome WHERE batch_id = p_batch AND position = p_position;
  UPDATE batch SET completed = completed + (p_result = 'output')::integer, failed = failed + (p_result = 'error')::integer
  WHERE id = p_batch;
  RETURN QUERY SELECT true, v_settled, v_charged;
END $$;
