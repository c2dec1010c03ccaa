-- Files of buyers. New tables and functions: no locks to mind.

-- What is in a file is sealed by the gateways under keys that are not here; what is told of it in lists is not.
CREATE TABLE file (
  id text PRIMARY KEY,
  owner_id uuid NOT NULL,
  purpose text NOT NULL,
  filename text NOT NULL,
  bytes bigint NOT NULL CHECK (bytes >= 0),
  -- `uploading`: chunks come; nobody sees it, and it counts against its owner's quota all the same.
  state text NOT NULL DEFAULT 'uploading' CHECK (state IN ('uploading', 'ready')),
  key_id text NOT NULL,
  wrapped_key bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at timestamptz NOT NULL
);
CREATE INDEX file_owner_id_created_at_id_idx ON file (owner_id, created_at, id);
CREATE INDEX file_expires_at_idx ON file (expires_at);
-- Few at a time: those that never came to their end are looked for among them.
CREATE INDEX file_uploading_idx ON file (created_at) WHERE state = 'uploading';

CREATE TABLE file_chunk (
  file_id text NOT NULL REFERENCES file (id) ON DELETE CASCADE,
  position integer NOT NULL CHECK (position >= 0),
  bytes bytea NOT NULL,
  PRIMARY KEY (file_id, position)
);
-- Encrypted bytes do not get smaller by trying.
ALTER TABLE file_chunk ALTER COLUMN bytes SET STORAGE EXTERNAL;

-- Begins a file if its owner may have one more of this size. One at a time for each owner, so that two uploads cannot
-- both take the last of a quota.
CREATE FUNCTION open_file(p_file jsonb, p_files_max integer, p_bytes_max bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_owner uuid := p_file->>'owner_id';
  v_count bigint;
  v_bytes bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('files of ' || v_owner, 0));
  IF EXISTS (SELECT FROM file WHERE id = p_file->>'id') THEN
    RETURN 'opened';
  END IF;
  SELECT count(*), coalesce(sum(bytes), 0) INTO v_count, v_bytes FROM file WHERE owner_id = v_owner;
  IF v_count >= p_files_max THEN
    RETURN 'too_many';
  END IF;
  IF v_bytes + (p_file->>'bytes')::bigint > p_bytes_max THEN
    RETURN 'too_much';
  END IF;
  INSERT INTO file (id, owner_id, purpose, filename, bytes, key_id, wrapped_key, expires_at)
  VALUES (p_file->>'id', v_owner, p_file->>'purpose', p_file->>'filename', (p_file->>'bytes')::bigint,
    p_file->>'key_id', decode(p_file->>'wrapped_key', 'base64'),
    clock_timestamp() + (p_file->>'ttl_s')::bigint * interval '1 second');
  RETURN 'opened';
END $$;
