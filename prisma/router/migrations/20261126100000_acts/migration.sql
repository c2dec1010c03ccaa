-- What owners and operators do to the catalogue, each written in the transaction that does it. New tables: no locks to
-- mind.
-- Run with search_path = router, so that names carry no schema.

CREATE TABLE "act" (
    "id" UUID NOT NULL,
    -- Their order: a change holds the row of the catalogue's revision until it is committed.
    "place" BIGSERIAL NOT NULL,
    "done_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    -- Whose matter it is.
    "owner_id" UUID NOT NULL,
    "actor_user" UUID NOT NULL,
    "actor_token" UUID,
    "address" TEXT,
    "action" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "detail" JSONB NOT NULL,

    CONSTRAINT "act_pkey" PRIMARY KEY ("id")
);

CREATE UNIQUE INDEX "act_place_key" ON "act"("place");

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER act_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON "act"
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'aisbf_router') THEN
        REVOKE UPDATE, DELETE, TRUNCATE ON "act" FROM aisbf_router;
    END IF;
END $$;

-- Acts that the one record, which accounts keeps, does not have yet.
CREATE TABLE "act_waiting" (
    "act_id" UUID NOT NULL,

    CONSTRAINT "act_waiting_pkey" PRIMARY KEY ("act_id"),
    CONSTRAINT "act_waiting_act_id_fkey" FOREIGN KEY ("act_id") REFERENCES "act"("id") ON DELETE RESTRICT ON UPDATE CASCADE
);
