-- Passwords and sessions, what API tokens may be used for, and how a change of access reaches every process.
-- Locking: new columns are null or have a constant default, so no table is rewritten; each ALTER holds its
-- table for an instant. The unique indexes are built on columns that are still empty.

-- ---- People who sign in -----------------------------------------------------------------------------------

ALTER TABLE app_user
  ADD COLUMN email text UNIQUE,
  ADD COLUMN email_verified boolean NOT NULL DEFAULT false,
  ADD COLUMN image text,
  ADD COLUMN two_factor_enabled boolean NOT NULL DEFAULT false,
  ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN disabled_at timestamptz,
  ADD CONSTRAINT app_user_email_plain CHECK (email = lower(email) AND length(email) <= 254),
  ADD CONSTRAINT app_user_username_form
    CHECK (username <> 'global' AND username ~ '^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$');

-- Whoever inserts a user need not know of owners: an operator acts for the installation, everybody else
-- gets an owner with all of its accounts in the same transaction, or there is no user.
CREATE FUNCTION give_user_owner() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.owner_id IS NULL THEN
    NEW.owner_id := CASE NEW.role
      WHEN 'operator' THEN (SELECT id FROM owner WHERE username = 'global')
      ELSE open_owner('user', NEW.username) END;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER app_user_owner BEFORE INSERT ON app_user
  FOR EACH ROW EXECUTE FUNCTION give_user_owner();

-- Names that were asked for together with an address that somebody else already has. They count as taken:
-- otherwise a name that stays free would tell that the address is known.
CREATE TABLE held_username (
  username text PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- The tables of better-auth. `test/auth-tables.int.test.ts` compares them with what the library describes.
CREATE TABLE auth_session (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL REFERENCES app_user (id) ON DELETE CASCADE,
  token text NOT NULL UNIQUE,
  expires_at timestamptz NOT NULL,
  ip_address text,
  user_agent text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX auth_session_user_id_idx ON auth_session (user_id);

-- A disabled user begins no session, however the calls fall: disabling locks the user first.
CREATE FUNCTION refuse_session_of_disabled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM app_user WHERE id = NEW.user_id AND disabled_at IS NULL FOR SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'user % is disabled', NEW.user_id USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER auth_session_of_enabled BEFORE INSERT ON auth_session
  FOR EACH ROW EXECUTE FUNCTION refuse_session_of_disabled();

CREATE TABLE auth_account (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL REFERENCES app_user (id) ON DELETE CASCADE,
  account_id text NOT NULL,
  provider_id text NOT NULL,
  access_token text,
  refresh_token text,
  id_token text,
  access_token_expires_at timestamptz,
  refresh_token_expires_at timestamptz,
  scope text,
  password text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (provider_id, account_id)
);
CREATE INDEX auth_account_user_id_idx ON auth_account (user_id);

CREATE TABLE auth_verification (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  identifier text NOT NULL,
  value text NOT NULL,
  expires_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX auth_verification_identifier_idx ON auth_verification (identifier);

CREATE TABLE auth_two_factor (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL REFERENCES app_user (id) ON DELETE CASCADE,
  secret text NOT NULL,
  backup_codes text NOT NULL,
  verified boolean NOT NULL DEFAULT true,
  failed_verification_count integer NOT NULL DEFAULT 0,
  locked_until timestamptz
);
CREATE INDEX auth_two_factor_user_id_idx ON auth_two_factor (user_id);

-- With what access tokens are signed; the private half is encrypted by the library.
CREATE TABLE auth_signing_key (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  public_key text NOT NULL,
  private_key text NOT NULL,
  alg text,
  crv text,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz
);

-- Calls by client address, as the library counts them.
CREATE TABLE auth_rate_limit (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  key text NOT NULL UNIQUE,
  count integer NOT NULL,
  last_request bigint NOT NULL
);

-- Attempts by the account that they are made at, known or not: from however many addresses they come.
CREATE TABLE auth_attempt (
  key text PRIMARY KEY,
  count integer NOT NULL,
  window_ends_at timestamptz NOT NULL
);
CREATE INDEX auth_attempt_window_ends_at_idx ON auth_attempt (window_ends_at);

-- Takes one attempt. Gives 0, or how many milliseconds remain until there is another.
CREATE FUNCTION take_auth_attempt(p_key text, p_max integer, p_window_ms integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  v_row auth_attempt%ROWTYPE;
BEGIN
  INSERT INTO auth_attempt AS a (key, count, window_ends_at)
  VALUES (p_key, 1, clock_timestamp() + make_interval(secs => p_window_ms / 1000.0))
  ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN a.window_ends_at <= clock_timestamp() THEN 1 ELSE least(a.count, p_max) + 1 END,
    window_ends_at = CASE WHEN a.window_ends_at <= clock_timestamp()
      THEN excluded.window_ends_at ELSE a.window_ends_at END
  RETURNING * INTO v_row;
  IF v_row.count <= p_max THEN
    RETURN 0;
  END IF;
  RETURN greatest(1, ceil(extract(epoch FROM v_row.window_ends_at - clock_timestamp()) * 1000));
END $$;

-- ---- What an API token may be used for --------------------------------------------------------------------

ALTER TABLE api_token
  -- Empty: all of them.
  ADD COLUMN allowed_routes text[] NOT NULL DEFAULT '{}',
  ADD COLUMN allowed_models text[] NOT NULL DEFAULT '{}',
  ADD COLUMN allowed_addresses text[] NOT NULL DEFAULT '{}',
  ADD COLUMN last_used_at timestamptz,
  ADD COLUMN rotated_at timestamptz,
  -- The secret before the last rotation, good until a moment.
  ADD COLUMN previous_public_id text UNIQUE,
  ADD COLUMN previous_secret_hash text,
  ADD COLUMN previous_valid_until timestamptz,
  ADD CONSTRAINT api_token_previous_whole CHECK (
    (previous_public_id IS NULL) = (previous_secret_hash IS NULL)
    AND (previous_public_id IS NULL) = (previous_valid_until IS NULL));
CREATE INDEX api_token_user_id_idx ON api_token (user_id);

-- ---- How a change of access reaches every process ---------------------------------------------------------

-- One row for each change after which somebody may do less, or something else, than before.
CREATE TABLE access_change (
  revision bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('api-token', 'session', 'user')),
  subject uuid NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Revisions become visible in their order: whoever takes one holds this lock until its transaction has ended.
-- The triggers are deferred, so that the lock is the last thing that a transaction waits for and is held for
-- its commit only; taken earlier, two transactions could wait for each other's rows.
CREATE FUNCTION note_access_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(4711002);
  INSERT INTO access_change (kind, subject) VALUES (TG_ARGV[0], OLD.id);
  RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER api_token_access AFTER UPDATE ON api_token DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (
    (OLD.public_id, OLD.secret_hash, OLD.user_id, OLD.owner_id, OLD.scopes, OLD.requests_per_minute_max,
     OLD.tokens_per_minute_max, OLD.concurrency_max, OLD.expires_at, OLD.revoked_at, OLD.allowed_routes,
     OLD.allowed_models, OLD.allowed_addresses, OLD.previous_public_id, OLD.previous_valid_until)
    IS DISTINCT FROM
    (NEW.public_id, NEW.secret_hash, NEW.user_id, NEW.owner_id, NEW.scopes, NEW.requests_per_minute_max,
     NEW.tokens_per_minute_max, NEW.concurrency_max, NEW.expires_at, NEW.revoked_at, NEW.allowed_routes,
     NEW.allowed_models, NEW.allowed_addresses, NEW.previous_public_id, NEW.previous_valid_until))
  EXECUTE FUNCTION note_access_change('api-token');
CREATE CONSTRAINT TRIGGER api_token_gone AFTER DELETE ON api_token DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION note_access_change('api-token');
CREATE CONSTRAINT TRIGGER auth_session_gone AFTER DELETE ON auth_session DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION note_access_change('session');
CREATE CONSTRAINT TRIGGER app_user_access AFTER UPDATE ON app_user DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (
    (OLD.username, OLD.owner_id, OLD.role, OLD.disabled_at)
    IS DISTINCT FROM (NEW.username, NEW.owner_id, NEW.role, NEW.disabled_at))
  EXECUTE FUNCTION note_access_change('user');

-- The processes that remember who may do what, which revision each serves, and when it last asked. By this
-- database's clock alone.
CREATE TABLE access_verifier (
  id text PRIMARY KEY,
  revision bigint NOT NULL,
  renewed_at timestamptz NOT NULL
);

-- ---- Who did what -----------------------------------------------------------------------------------------

CREATE TABLE audit_event (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Whose matter it is; that owner sees it.
  owner_id uuid NOT NULL REFERENCES owner (id),
  actor_user uuid,
  actor_token uuid,
  action text NOT NULL,
  subject text NOT NULL,
  detail jsonb NOT NULL DEFAULT '{}',
  address text
);
CREATE INDEX audit_event_owner_id_idx ON audit_event (owner_id, id DESC);
CREATE TRIGGER audit_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'aisbf_accounts') THEN
    REVOKE UPDATE, DELETE, TRUNCATE ON audit_event FROM aisbf_accounts;
  END IF;
END $$;
