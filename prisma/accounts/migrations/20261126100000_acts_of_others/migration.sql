-- Acts that another service has done and told of, by the ids that it gave them: told again, they are in the record
-- already. A new table: no locks to mind.
CREATE TABLE audit_taken (
  act_id uuid PRIMARY KEY,
  taken_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TRIGGER audit_taken_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_taken
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'aisbf_accounts') THEN
    REVOKE UPDATE, DELETE, TRUNCATE ON audit_taken FROM aisbf_accounts;
  END IF;
END $$;
