-- What autoselects have decided for a request, beside its hold and its receipt: it is told a moment later, so that no
-- request waits for it. No foreign key: it may come before the receipt that it belongs to, as that of a lease's request does.
-- A new table: no locks to mind.
CREATE TABLE request_selection (
  request_id text NOT NULL,
  owner_id uuid NOT NULL,
  selections jsonb NOT NULL,
  noted_at timestamptz(6) NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT request_selection_pkey PRIMARY KEY (request_id)
);
-- For forgetting what is old.
CREATE INDEX request_selection_noted_at_idx ON request_selection (noted_at);
