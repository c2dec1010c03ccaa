-- Listings of others under names of one's own. Adds a table, and a third kind of member to rotations: the column has no
-- default, so nothing is rewritten; the new check reads the members once.
-- Run with search_path = router, so that names carry no schema.

-- It outlives what it leads to, so that its owner hears why it no longer does: the provider is no foreign key.
CREATE TABLE "market_import" (
    "id" UUID NOT NULL,
    "owner_id" UUID NOT NULL,
    "username" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "provider_id" UUID NOT NULL,
    "model" TEXT NOT NULL,
    -- As its owner named it.
    "listing" TEXT NOT NULL,
    "note" TEXT,
    -- The dearest that its owner takes; null is any.
    "prompt_token_nanos" BIGINT,
    "cached_prompt_token_nanos" BIGINT,
    "completion_token_nanos" BIGINT,
    "reasoning_token_nanos" BIGINT,
    "image_nanos" BIGINT,
    "audio_second_nanos" BIGINT,
    "video_second_nanos" BIGINT,
    "request_nanos" BIGINT,

    CONSTRAINT "market_import_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "market_import_prices_check" CHECK (
        least(
            "prompt_token_nanos", "cached_prompt_token_nanos", "completion_token_nanos", "reasoning_token_nanos",
            "image_nanos", "audio_second_nanos", "video_second_nanos", "request_nanos", 0
        ) = 0
    )
);

CREATE UNIQUE INDEX "market_import_owner_id_name_key" ON "market_import" ("owner_id", "name");

-- An import that rotations lead to cannot be deleted under them unseen: they lose the member, as with a provider.
ALTER TABLE "rotation_member"
    ADD COLUMN "import_id" UUID,
    ADD CONSTRAINT "rotation_member_import_id_fkey" FOREIGN KEY ("import_id")
        REFERENCES "market_import" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
    DROP CONSTRAINT "rotation_member_target",
    ADD CONSTRAINT "rotation_member_target" CHECK (
        num_nonnulls("provider_id", "inner_rotation_id", "import_id") = 1
        AND ("provider_id" IS NULL) = ("model" IS NULL)
    );

CREATE UNIQUE INDEX "rotation_member_rotation_id_import_id_key" ON "rotation_member" ("rotation_id", "import_id");
CREATE INDEX "rotation_member_import_id_idx" ON "rotation_member" ("import_id");
