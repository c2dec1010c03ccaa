-- One block for each day (UTC) that is over: hashes of what was done and moved on it, chained to the day before. A new
-- table, and one index of `audit_event`, which is small.

CREATE INDEX audit_event_at_brin ON audit_event USING brin (at) WITH (pages_per_range = 16);

-- How a hash comes about is told in docs/decisions/2026-11-26-reconciliation-and-audit-blocks.md.
CREATE TABLE audit_block (
  day date PRIMARY KEY,
  first_audit_id bigint,
  last_audit_id bigint,
  audit_events bigint NOT NULL CHECK (audit_events >= 0),
  transactions bigint NOT NULL CHECK (transactions >= 0),
  transfers bigint NOT NULL CHECK (transfers >= 0),
  content_hash text NOT NULL CHECK (content_hash ~ '^[0-9a-f]{64}$'),
  previous_hash text NOT NULL CHECK (previous_hash ~ '^[0-9a-f]{64}$'),
  hash text NOT NULL UNIQUE CHECK (hash ~ '^[0-9a-f]{64}$'),
  sealed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK ((audit_events = 0) = (first_audit_id IS NULL) AND (audit_events = 0) = (last_audit_id IS NULL))
);

-- Days follow each other without a gap, and each names the hash before it.
CREATE FUNCTION chain_audit_block() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_last audit_block%ROWTYPE;
BEGIN
  SELECT * INTO v_last FROM audit_block ORDER BY day DESC LIMIT 1;
  IF NEW.day >= (clock_timestamp() AT TIME ZONE 'UTC')::date THEN
    RAISE EXCEPTION 'the day % is not over', NEW.day USING ERRCODE = 'check_violation';
  END IF;
  -- A day that is there already is the primary key's to refuse, or to pass over.
  IF EXISTS (SELECT FROM audit_block WHERE day = NEW.day) THEN
    RETURN NEW;
  END IF;
  IF NEW.day <> v_last.day + 1 OR NEW.previous_hash <> coalesce(v_last.hash, repeat('0', 64)) THEN
    RAISE EXCEPTION 'the block of % does not follow that of %', NEW.day, v_last.day
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER audit_block_chained BEFORE INSERT ON audit_block
  FOR EACH ROW EXECUTE FUNCTION chain_audit_block();
CREATE TRIGGER audit_block_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_block
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'aisbf_accounts') THEN
    REVOKE UPDATE, DELETE, TRUNCATE ON audit_block FROM aisbf_accounts;
  END IF;
END $$;
