-- Idempotency keys of buyers, and the seller's own counts in what is told of a settlement. A new table and functions:
-- no locks to mind.

-- Which request a buyer's key stands for. Whether that request runs, has ended or came to nothing is not written here: it
-- is what its hold or its receipt says, so that no end of a request has to be told twice.
CREATE TABLE idempotency_key (
  owner_id uuid NOT NULL,
  key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  body_hash text NOT NULL,
  request_id text NOT NULL,
  expires_at timestamptz NOT NULL,
  -- Encrypted by the gateway under the buyer's own API token: it cannot be read here. Null where it was not kept.
  answer bytea,
  PRIMARY KEY (owner_id, key)
);
CREATE INDEX idempotency_key_request_id_idx ON idempotency_key (request_id);
CREATE INDEX idempotency_key_expires_at_idx ON idempotency_key (expires_at);

-- What has become of the request behind a key:
-- - running: its money is held
-- - ended: it was served, and nothing more runs under this key
-- - free: it was declined, failed or never came to anything, and the next one takes the key
CREATE FUNCTION keyed_request_state(p_request text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE
    WHEN EXISTS (SELECT FROM hold WHERE id = p_request) THEN 'running'
    WHEN EXISTS (SELECT FROM receipt WHERE id = p_request AND state = 'settled') THEN 'ended'
    ELSE 'free' END
$$;

-- `authorise` for requests that carry a key. Each claims its key in the transaction that holds its money: of any number
-- of racing duplicates exactly one is held. Keys are locked in their order, before anything else.
CREATE FUNCTION authorise_keyed(p_items jsonb)
RETURNS TABLE (item_n integer, result text, hold_epoch integer, hold_amount bigint, is_replay boolean)
LANGUAGE plpgsql AS $$
DECLARE
  v_item record;
  v_key idempotency_key%ROWTYPE;
  v_state text;
  v_claimed text[] := '{}';
  v_refused integer[] := '{}';
  v_codes text[] := '{}';
BEGIN
  FOR v_item IN
    SELECT i.* FROM jsonb_to_recordset(p_items) AS i (
      n integer, id text, owner_id uuid, idempotency_key text, body_hash text, key_expires_at timestamptz)
    ORDER BY i.owner_id, i.idempotency_key, i.n
  LOOP
    -- Somebody may purge the row between the two statements; then it is written anew.
    LOOP
      INSERT INTO idempotency_key (owner_id, key, body_hash, request_id, expires_at)
      VALUES (v_item.owner_id, v_item.idempotency_key, v_item.body_hash, v_item.id, v_item.key_expires_at)
      ON CONFLICT (owner_id, key) DO NOTHING;
      SELECT * INTO v_key FROM idempotency_key
      WHERE owner_id = v_item.owner_id AND key = v_item.idempotency_key FOR UPDATE;
      EXIT WHEN FOUND;
    END LOOP;

    v_state := CASE
      WHEN v_key.request_id = v_item.id THEN 'own'
      -- Claimed a moment ago by its neighbour, whose hold is not there yet.
      WHEN v_key.request_id = ANY (v_claimed) THEN 'running'
      ELSE keyed_request_state(v_key.request_id) END;
    IF v_state = 'free' OR (v_state = 'ended' AND v_key.expires_at <= clock_timestamp()) THEN
      UPDATE idempotency_key SET body_hash = v_item.body_hash, request_id = v_item.id,
        expires_at = v_item.key_expires_at, answer = NULL
      WHERE owner_id = v_item.owner_id AND key = v_item.idempotency_key;
      v_state := 'own';
    END IF;
    IF v_state = 'own' THEN
      v_claimed := v_claimed || v_item.id;
    ELSE
      v_refused := v_refused || v_item.n;
      v_codes := v_codes || CASE
        WHEN v_key.body_hash <> v_item.body_hash THEN 'idempotency_key_reused' ELSE 'idempotency_key_running' END;
    END IF;
  END LOOP;

  RETURN QUERY
    SELECT a.* FROM authorise((
      SELECT coalesce(jsonb_agg(i), '[]') FROM jsonb_array_elements(p_items) i
      WHERE (i ->> 'n')::integer <> ALL (v_refused))) a;
  RETURN QUERY SELECT r.n, r.code, 1, 0::bigint, false FROM unnest(v_refused, v_codes) AS r (n, code);
END $$;

-- Forgets keys whose time is over, and the answers with them. Gives how many.
CREATE FUNCTION purge_idempotency_keys(p_limit integer) RETURNS integer LANGUAGE sql AS $$
  WITH purged AS (
    DELETE FROM idempotency_key WHERE (owner_id, key) IN (
      SELECT owner_id, key FROM idempotency_key WHERE expires_at <= clock_timestamp()
      ORDER BY expires_at LIMIT p_limit FOR UPDATE SKIP LOCKED)
    RETURNING 1
  )
  SELECT count(*)::integer FROM purged
$$;

-- One event for all of a batch.
CREATE OR REPLACE FUNCTION tell_ended(p_outbox bigint, p_subject text, p_ids text[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO outbox (id, subject, payload)
  SELECT p_outbox, p_subject, jsonb_build_object('type', 'usage-settled', 'usages', jsonb_agg(jsonb_build_object(
    'requestId', r.id, 'ownerId', r.owner_id, 'apiTokenId', r.api_token_id, 'leaseId', r.lease_id,
    'sellerOwnerId', r.seller_owner_id, 'providerId', r.provider_id, 'model', r.model, 'outcome', r.outcome,
    'hold', r.amount::text, 'charge', r.captured::text, 'fee', r.fee::text, 'units', r.units, 'reported', r.reported,
    'atMs', floor(extract(epoch FROM coalesce(r.ended_at, r.resolved_at)) * 1000))))
  FROM receipt r WHERE r.id = ANY (p_ids)
$$;
