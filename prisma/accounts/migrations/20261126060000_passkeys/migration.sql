-- Passkeys, as the sign-in library's plugin keeps them. A table of its own: no locks to mind.
CREATE TABLE auth_passkey (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL REFERENCES app_user (id) ON DELETE CASCADE,
  name text,
  public_key text NOT NULL,
  -- Two users with one credential would be one user to whoever signs in with it.
  credential_id text NOT NULL UNIQUE,
  -- How often the authenticator has signed; 32 bits without a sign.
  counter bigint NOT NULL CHECK (counter >= 0),
  device_type text NOT NULL,
  backed_up boolean NOT NULL,
  transports text,
  aaguid text,
  created_at timestamptz DEFAULT now()
);
CREATE INDEX auth_passkey_user_id_idx ON auth_passkey (user_id);
