-- Films that are made after their request was answered. What has become of one is not written here: it is what the
-- hold or the receipt of its request says. A new table; `hold` is only written to, a row at a time.
CREATE TABLE video_job (
  id text PRIMARY KEY,
  request_id text NOT NULL UNIQUE,
  owner_id uuid NOT NULL,
  hold_epoch integer NOT NULL,
  served_position smallint NOT NULL,
  provider_id uuid NOT NULL,
  client_id text,
  model text NOT NULL,
  upstream_id text NOT NULL,
  route text NOT NULL,
  units jsonb NOT NULL,
  seconds integer NOT NULL,
  size text,
  remixed_from text,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  look_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  deleted_at timestamptz
);
CREATE INDEX video_job_owner_id_created_at_idx ON video_job (owner_id, created_at DESC, id DESC);
CREATE INDEX video_job_look_at_idx ON video_job (look_at);

-- Keeps a film and the money for it, together: as long as it may take to make, or not at all.
CREATE FUNCTION open_video_job(p_job jsonb, p_expires_at timestamptz) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_job video_job%ROWTYPE := jsonb_populate_record(NULL::video_job, p_job);
BEGIN
  UPDATE hold SET expires_at = greatest(expires_at, p_expires_at)
  WHERE id = v_job.request_id AND epoch = v_job.hold_epoch RETURNING owner_id INTO v_job.owner_id;
  IF NOT FOUND THEN
    RETURN 'missing';
  END IF;
  INSERT INTO video_job (id, request_id, owner_id, hold_epoch, served_position, provider_id, client_id, model,
    upstream_id, route, units, seconds, size, remixed_from)
  VALUES (v_job.id, v_job.request_id, v_job.owner_id, v_job.hold_epoch, v_job.served_position, v_job.provider_id,
    v_job.client_id, v_job.model, v_job.upstream_id, v_job.route, v_job.units, v_job.seconds, v_job.size,
    v_job.remixed_from)
  ON CONFLICT (request_id) DO NOTHING;
  RETURN 'open';
END $$;

-- With what has become of each.
CREATE VIEW known_video_job AS
  SELECT j.*, r.resolved_at,
    CASE WHEN r.id IS NULL THEN 'running' WHEN r.outcome = 'completed' THEN 'completed' ELSE 'failed' END AS state
  FROM video_job j LEFT JOIN receipt r ON r.id = j.request_id;

-- Gives those that nobody has looked at for a while, each to one caller. What has ended is never due again.
CREATE FUNCTION take_due_video_jobs(p_limit integer, p_again interval) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
  UPDATE video_job SET look_at = 'infinity' WHERE id IN (
    SELECT j.id FROM video_job j
    WHERE j.look_at <= clock_timestamp() AND EXISTS (SELECT FROM receipt r WHERE r.id = j.request_id)
    ORDER BY j.look_at LIMIT p_limit FOR UPDATE SKIP LOCKED);
  RETURN QUERY UPDATE video_job SET look_at = clock_timestamp() + p_again WHERE id IN (
    SELECT j.id FROM video_job j WHERE j.look_at <= clock_timestamp()
    ORDER BY j.look_at LIMIT p_limit FOR UPDATE SKIP LOCKED)
  RETURNING id;
END $$;
