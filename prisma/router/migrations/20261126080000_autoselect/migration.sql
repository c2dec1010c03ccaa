-- Routes that select by what a request is. A new table: nothing else is locked.
-- Run with search_path = router, so that names carry no schema.

CREATE TABLE "autoselect" (
    "id" UUID NOT NULL,
    "owner_id" UUID NOT NULL,
    "username" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    -- One document: it is read and replaced as a whole. Members that have gone since are left out when it is used.
    "definition" JSONB NOT NULL,

    CONSTRAINT "autoselect_pkey" PRIMARY KEY ("id")
);

CREATE UNIQUE INDEX "autoselect_owner_id_name_key" ON "autoselect" ("owner_id", "name");
