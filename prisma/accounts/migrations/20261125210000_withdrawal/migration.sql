-- Requests whose admission was lost on its way: whoever asked for it will never use its hold. A withdrawal ends the
-- hold, and where it overtakes the hold, none is made any more. Adds a function only: no locks to mind.

-- Ends the hold of a request that nobody will serve, or prevents it. Harmless for one that has ended otherwise.
CREATE FUNCTION withdraw(p_id text, p_subject text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_hold hold%ROWTYPE;
  v_nobody CONSTANT uuid := '00000000-0000-0000-0000-000000000000';
  v_outbox bigint;
BEGIN
  -- A hold of nobody's, gone again before this commits: two rows cannot have one id, so that an admission under way is
  -- waited for, and one that comes now waits for this and then finds its receipt.
  INSERT INTO hold (id, owner_id, api_token_id, amount, parameters_hash, route, is_stream, terms, rejections, expires_at)
  VALUES (p_id, v_nobody, v_nobody, 0, '', '', false, '[]', '[]', clock_timestamp()) ON CONFLICT (id) DO NOTHING;
  IF FOUND THEN
    DELETE FROM hold WHERE id = p_id;
    INSERT INTO receipt (id, owner_id, api_token_id, amount, parameters_hash, route, is_stream, terms, rejections, state,
                         decline_code, epoch, created_at)
    VALUES (p_id, v_nobody, v_nobody, 0, '', '', false, '[]', '[]', 'declined', 'request_withdrawn', 1,
            clock_timestamp())
    ON CONFLICT (id) DO NOTHING;
    RETURN CASE WHEN FOUND THEN 'prevented' ELSE 'replay' END;
  END IF;

  SELECT * INTO v_hold FROM hold WHERE id = p_id FOR UPDATE;
  IF NOT FOUND THEN
    RETURN 'replay';
  END IF;
  PERFORM FROM wallet WHERE owner_id = v_hold.owner_id FOR UPDATE;
  v_outbox := nextval(pg_get_serial_sequence('outbox', 'id'));
  DELETE FROM hold WHERE id = p_id;
  INSERT INTO receipt (id, owner_id, api_token_id, amount, parameters_hash, route, is_stream, terms, rejections, state,
                       outcome, finish_reason, outbox_id, epoch, created_at)
  VALUES (v_hold.id, v_hold.owner_id, v_hold.api_token_id, v_hold.amount, v_hold.parameters_hash, v_hold.route,
          v_hold.is_stream, v_hold.terms, v_hold.rejections, 'released', 'not_served', 'request_withdrawn', v_outbox, v_hold.epoch,
          v_hold.created_at);
  PERFORM release_ended(ARRAY[
    ROW (v_hold.id, v_hold.owner_id, v_hold.api_token_id, NULL, v_hold.amount, 0, 0, NULL, NULL)::ended_request]);
  PERFORM tell_ended(v_outbox, p_subject, ARRAY[p_id]);
  RETURN 'released';
END $$;
