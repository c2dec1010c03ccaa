-- Responses that their buyers may build on. A new table: no locks to mind.

-- One response with the conversation that has led to it, so that no other is needed to go on from it. Encrypted by the
-- gateway under the buyer's own API token: it cannot be read here.
CREATE TABLE stored_response (
  id text PRIMARY KEY CHECK (id ~ '^resp_[0-9a-f]{32}$'),
  owner_id uuid NOT NULL,
  sealed bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at timestamptz NOT NULL
);
CREATE INDEX stored_response_owner_id_created_at_id_idx
  ON stored_response (owner_id, created_at DESC, id);
CREATE INDEX stored_response_expires_at_idx ON stored_response (expires_at);
