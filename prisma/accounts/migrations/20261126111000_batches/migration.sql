-- Batches of buyers' requests. New tables and functions: no locks to mind.

CREATE TABLE batch (
  id text PRIMARY KEY,
  owner_id uuid NOT NULL,
  endpoint text NOT NULL,
  input_file_id text NOT NULL,
  metadata jsonb,
  status text NOT NULL DEFAULT 'validating' CHECK (status IN ('validating', 'failed', 'in_progress', 'finalizing',
    'completed', 'expired', 'cancelling', 'cancelled')),
  -- What it will be when its files are written.
  ending text CHECK (ending IN ('completed', 'failed', 'expired', 'cancelled')),
  errors jsonb,
  output_file_id text,
  error_file_id text,
  output_ttl_s bigint NOT NULL,
  total integer NOT NULL DEFAULT 0,
  completed integer NOT NULL DEFAULT 0,
  failed integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at timestamptz NOT NULL,
  in_progress_at timestamptz,
  finalizing_at timestamptz,
  completed_at timestamptz,
  failed_at timestamptz,
  expired_at timestamptz,
  cancelling_at timestamptz,
  cancelled_at timestamptz,
  -- Of its lines' outcomes, and of whom they run for; under a key of the gateways. Null when it is over.
  key_id text NOT NULL,
  wrapped_key bytea NOT NULL,
  credentials bytea,
  -- Who works on it: the id of one claim, which holds until somebody claims it anew after its time.
  claimed_by uuid,
  claimed_until timestamptz,
  claims integer NOT NULL DEFAULT 0,
  served_at timestamptz,
  -- Before this time there is nothing to do.
  rest_until timestamptz,
  CHECK (completed + failed <= total)
);
CREATE INDEX batch_owner_id_created_at_id_idx ON batch (owner_id, created_at, id);
-- Receipts tell by their ids to which batch they belong.
CREATE INDEX batch_owner_id_mark_idx ON batch (owner_id, left(id, 26));
-- The few that are not over.
CREATE INDEX batch_unfinished_idx ON batch (owner_id)
  WHERE status IN ('validating', 'in_progress', 'finalizing', 'cancelling');
CREATE INDEX batch_input_file_idx ON batch (input_file_id)
  WHERE status IN ('validating', 'in_progress', 'finalizing', 'cancelling');

-- A line of a batch's file, until the batch is over. With a result it never runs again. An answer that is kept is its result
-- once its request is paid for; whoever is given a line gives up its request of before.
CREATE TABLE batch_line (
  batch_id text NOT NULL REFERENCES batch (id) ON DELETE CASCADE,
  position integer NOT NULL,
  byte_offset bigint NOT NULL,
  byte_length integer NOT NULL,
  tries integer NOT NULL DEFAULT 0,
  pauses integer NOT NULL DEFAULT 0,
  try_at timestamptz,
  result text CHECK (result IN ('output', 'error')),
  request_id text,
  outcome bytea,
  kept_at timestamptz,
  PRIMARY KEY (batch_id, position),
  CHECK (result IS NULL OR outcome IS NOT NULL),
  CHECK ((kept_at IS NULL) = (outcome IS NULL))
);
ALTER TABLE batch_line ALTER COLUMN outcome SET STORAGE EXTERNAL;
CREATE INDEX batch_line_open_idx ON batch_line (batch_id, position) WHERE result IS NULL;

CREATE FUNCTION is_batch_unfinished(p_status text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT p_status IN ('validating', 'in_progress', 'finalizing', 'cancelling')
$$;

-- Takes a batch to work on it, where nobody does and nobody works on another of the same owner: however many batches
-- somebody has, they are served like one. Claims of an owner are made one at a time.
CREATE FUNCTION claim_batch(p_batch text, p_runner uuid, p_ms bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  v_owner uuid;
BEGIN
  SELECT owner_id INTO v_owner FROM batch WHERE id = p_batch AND is_batch_unfinished(status);
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('batches of ' || v_owner, 0));
  IF EXISTS (SELECT FROM batch WHERE owner_id = v_owner AND claimed_until > clock_timestamp()
    AND (id <> p_batch OR claimed_by <> p_runner)) THEN
    RETURN false;
  END IF;
  UPDATE batch SET claimed_by = p_runner, claimed_until = clock_timestamp() + p_ms * interval '1 millisecond',
    claims = claims + 1, served_at = clock_timestamp(), rest_until = NULL
  WHERE id = p_batch AND is_batch_unfinished(status);
  RETURN FOUND;
END $$;

-- Begins a batch, if its owner has not as many under way as may be.
CREATE FUNCTION open_batch(p_batch jsonb, p_batches_max integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_owner uuid := p_batch->>'owner_id';
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('batches of ' || v_owner, 0));
  IF EXISTS (SELECT FROM batch WHERE id = p_batch->>'id') THEN
    RETURN 'opened';
  END IF;
  IF (SELECT count(*) FROM batch WHERE owner_id = v_owner AND is_batch_unfinished(status)) >= p_batches_max THEN
    RETURN 'too_many';
  END IF;
  -- Locked against its removal until the batch is there.
  PERFORM FROM file WHERE id = p_batch->>'input_file_id' AND owner_id = v_owner AND state = 'ready'
    AND purpose = 'batch' AND expires_at > clock_timestamp() FOR KEY SHARE;
  IF NOT FOUND THEN
    RETURN 'file_missing';
  END IF;
  INSERT INTO batch (id, owner_id, endpoint, input_file_id, metadata, output_ttl_s, expires_at, key_id, wrapped_key,
    credentials)
  VALUES (p_batch->>'id', v_owner, p_batch->>'endpoint', p_batch->>'input_file_id', nullif(p_batch->'metadata', 'null'),
    (p_batch->>'output_ttl_s')::bigint,
    clock_timestamp() + (p_batch->>'window_ms')::bigint * interval '1 millisecond',
    p_batch->>'key_id', decode(p_batch->>'wrapped_key', 'base64'), decode(p_batch->>'credentials', 'base64'));
  RETURN 'opened';
END $$;

-- Goes on with a claim, and names the requests of lines that nobody runs any more: those that are not under way where the
-- claim is, and have no answer, or one that has waited too long for its settlement. NULL where the claim is another's.
CREATE FUNCTION left_batch_requests(p_batch text, p_runner uuid, p_claim interval, p_running integer[], p_patience interval)
RETURNS text[] LANGUAGE plpgsql AS $$
BEGIN
  UPDATE batch SET claimed_until = clock_timestamp() + p_claim
  WHERE id = p_batch AND claimed_by = p_runner AND is_batch_unfinished(status);
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  RETURN ARRAY(SELECT request_id FROM batch_line
    WHERE batch_id = p_batch AND result IS NULL AND request_id IS NOT NULL AND position <> ALL (p_running)
      AND (kept_at IS NULL OR kept_at <= clock_timestamp() - p_patience));
END $$;

-- What is paid for is there; what is not, and never will be, runs again.
CREATE FUNCTION end_batch_requests(p_batch text, p_running integer[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_paid integer;
BEGIN
  UPDATE batch_line l SET result = 'output' FROM receipt r
  WHERE l.batch_id = p_batch AND l.result IS NULL AND l.kept_at IS NOT NULL AND r.id = l.request_id AND r.state = 'settled';
  GET DIAGNOSTICS v_paid = ROW_COUNT;
  UPDATE batch SET completed = completed + v_paid WHERE id = p_batch AND v_paid > 0;
  UPDATE batch_line l SET request_id = NULL, outcome = NULL, kept_at = NULL FROM receipt r
  WHERE l.batch_id = p_batch AND l.result IS NULL AND l.position <> ALL (p_running) AND r.id = l.request_id
    AND r.state <> 'settled';
END $$;

-- What a line has come to by this request, unless it has another one by now. True also when it is told again.
CREATE FUNCTION record_batch_line(p_batch text, p_position integer, p_result text, p_request text, p_outcome bytea)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  -- An answer counts when it is paid for, an error at once.
  UPDATE batch_line SET result = nullif(p_result, 'output'), outcome = p_outcome, kept_at = clock_timestamp()
  WHERE batch_id = p_batch AND position = p_position AND request_id = p_request AND result IS NULL;
  IF NOT FOUND THEN
    RETURN EXISTS (SELECT FROM batch_line WHERE batch_id = p_batch AND position = p_position AND request_id = p_request
      AND result = p_result);
  END IF;
  UPDATE batch SET failed = failed + 1 WHERE id = p_batch AND p_result = 'error';
  RETURN true;
END $$;

-- The same for lines that will not run; those that have an outcome keep it.
CREATE FUNCTION close_batch_lines(p_batch text, p_runner uuid, p_lines jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  v_count integer;
BEGIN
  PERFORM FROM batch WHERE id = p_batch AND claimed_by = p_runner FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  UPDATE batch_line l SET result = 'error', outcome = decode(c.outcome, 'base64'), kept_at = clock_timestamp()
  FROM jsonb_to_recordset(p_lines) AS c (position integer, outcome text)
  WHERE l.batch_id = p_batch AND l.position = c.position AND l.result IS NULL AND l.kept_at IS NULL;
  GET DIAGNOSTICS v_count = ROW_COUNT;
  UPDATE batch SET failed = failed + v_count WHERE id = p_batch;
  RETURN true;
END $$;

-- Begins a file of a batch's outcomes, for its owner; whatever quota that has, since it was paid for. One that was begun
-- before, by somebody who did not come to its end, is dropped.
CREATE FUNCTION open_batch_file(p_batch text, p_runner uuid, p_file jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  v_batch batch%ROWTYPE;
BEGIN
  SELECT * INTO v_batch FROM batch WHERE id = p_batch AND claimed_by = p_runner AND is_batch_unfinished(status)
  FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  DELETE FROM file WHERE owner_id = v_batch.owner_id AND purpose = 'batch_output' AND filename = p_file->>'filename'
    AND id <> p_file->>'id';
  INSERT INTO file (id, owner_id, purpose, filename, bytes, key_id, wrapped_key, expires_at)
  VALUES (p_file->>'id', v_batch.owner_id, 'batch_output', p_file->>'filename', 0, p_file->>'key_id',
    decode(p_file->>'wrapped_key', 'base64'), clock_timestamp() + v_batch.output_ttl_s * interval '1 second')
  ON CONFLICT (id) DO NOTHING;
  RETURN true;
END $$;

-- It is over: its lines and its API token are forgotten.
CREATE FUNCTION end_batch(p_batch text, p_runner uuid, p_output text, p_error text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  UPDATE batch SET status = ending, output_file_id = p_output, error_file_id = p_error, credentials = NULL,
    claimed_until = NULL,
    completed_at = CASE ending WHEN 'completed' THEN clock_timestamp() END,
    failed_at = CASE ending WHEN 'failed' THEN clock_timestamp() END,
    expired_at = CASE ending WHEN 'expired' THEN clock_timestamp() END,
    cancelled_at = CASE ending WHEN 'cancelled' THEN clock_timestamp() END
  WHERE id = p_batch AND claimed_by = p_runner AND is_batch_unfinished(status) AND ending IS NOT NULL;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  DELETE FROM batch_line WHERE batch_id = p_batch;
  RETURN true;
END $$;
