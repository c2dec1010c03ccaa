-- Prices and fees that hold from a moment on, with their history. What listings cost so far becomes the first entry;
-- the columns go, so that nothing can read a price that holds no more. Locks "listing" for the moment of the change.
-- Routers of before this migration cannot load the catalogue after it: they go on with the one they have.
-- Run with search_path = router, so that names carry no schema.

-- CreateEnum
CREATE TYPE "term_kind" AS ENUM ('listing_prices', 'listing_fee', 'seller_fee');

-- CreateTable
CREATE TABLE "term_change" (
    "id" UUID NOT NULL,
    "sequence" BIGSERIAL NOT NULL,
    "kind" "term_kind" NOT NULL,
    "subject_id" UUID NOT NULL,
    "subject_name" TEXT NOT NULL,
    "prompt_token_nanos" BIGINT,
    "cached_prompt_token_nanos" BIGINT,
    "completion_token_nanos" BIGINT,
    "reasoning_token_nanos" BIGINT,
    "image_nanos" BIGINT,
    "audio_second_nanos" BIGINT,
    "video_second_nanos" BIGINT,
    "request_nanos" BIGINT,
    "fee_bps" INTEGER,
    "valid_from" TIMESTAMPTZ(3) NOT NULL,
    "set_at" TIMESTAMPTZ(3) NOT NULL,
    "set_by" UUID,
    "set_by_username" TEXT,
    "withdrawn_at" TIMESTAMPTZ(3),
    "withdrawn_by" UUID,
    "withdrawn_by_username" TEXT,

    CONSTRAINT "term_change_pkey" PRIMARY KEY ("id"),
    -- Nothing holds from before it was set: what was charged stays what it was.
    CONSTRAINT "term_change_begin_check" CHECK ("valid_from" >= "set_at"),
    -- Nothing is withdrawn that has begun.
    CONSTRAINT "term_change_withdrawal_check" CHECK ("withdrawn_at" < "valid_from"),
    CONSTRAINT "term_change_withdrawer_check" CHECK (
        ("withdrawn_at" IS NULL) = ("withdrawn_by" IS NULL)
        AND ("withdrawn_at" IS NULL) = ("withdrawn_by_username" IS NULL)
    ),
    CONSTRAINT "term_change_prices_check" CHECK (
        coalesce("prompt_token_nanos", 0) >= 0
        AND coalesce("cached_prompt_token_nanos", 0) >= 0
        AND coalesce("completion_token_nanos", 0) >= 0
        AND coalesce("reasoning_token_nanos", 0) >= 0
        AND coalesce("image_nanos", 0) >= 0
        AND coalesce("audio_second_nanos", 0) >= 0
        AND coalesce("video_second_nanos", 0) >= 0
        AND coalesce("request_nanos", 0) >= 0
    ),
    CONSTRAINT "term_change_fee_check" CHECK ("fee_bps" BETWEEN 0 AND 10000),
    CONSTRAINT "term_change_kind_check" CHECK (
        CASE
            WHEN "kind" = 'listing_prices' THEN "fee_bps" IS NULL
            ELSE num_nonnulls(
                "prompt_token_nanos", "cached_prompt_token_nanos", "completion_token_nanos", "reasoning_token_nanos",
                "image_nanos", "audio_second_nanos", "video_second_nanos", "request_nanos"
            ) = 0
        END
    )
);

-- Nobody may change a price between the copy and the end of the columns.
LOCK TABLE "listing" IN ACCESS EXCLUSIVE MODE;

INSERT INTO "term_change" (
    "id", "kind", "subject_id", "subject_name",
    "prompt_token_nanos", "cached_prompt_token_nanos", "completion_token_nanos", "reasoning_token_nanos",
    "image_nanos", "audio_second_nanos", "video_second_nanos", "request_nanos", "valid_from", "set_at"
)
SELECT
    gen_random_uuid(), 'listing_prices', l."id", p."username" || '/' || p."name" || ' ' || l."model",
    l."prompt_token_nanos", l."cached_prompt_token_nanos", l."completion_token_nanos", l."reasoning_token_nanos",
    l."image_nanos", l."audio_second_nanos", l."video_second_nanos", l."request_nanos", l."updated_at", l."updated_at"
FROM "listing" l JOIN "provider" p ON p."id" = l."provider_id"
ORDER BY l."updated_at";

INSERT INTO "term_change" ("id", "kind", "subject_id", "subject_name", "fee_bps", "valid_from", "set_at")
SELECT
    gen_random_uuid(), 'listing_fee', l."id", p."username" || '/' || p."name" || ' ' || l."model",
    l."fee_bps", l."updated_at", l."updated_at"
FROM "listing" l JOIN "provider" p ON p."id" = l."provider_id"
WHERE l."fee_bps" IS NOT NULL
ORDER BY l."updated_at";

-- Every listing has its prices, or nothing has changed.
DO $$
BEGIN
    IF (SELECT count(*) FROM "term_change" WHERE "kind" = 'listing_prices') <> (SELECT count(*) FROM "listing") THEN
        RAISE EXCEPTION 'not every listing kept its prices';
    END IF;
END
$$;

-- AlterTable
ALTER TABLE "listing"
    DROP CONSTRAINT "listing_prices_check",
    DROP CONSTRAINT "listing_more_prices_check",
    DROP CONSTRAINT "listing_fee_check",
    DROP COLUMN "prompt_token_nanos",
    DROP COLUMN "cached_prompt_token_nanos",
    DROP COLUMN "completion_token_nanos",
    DROP COLUMN "reasoning_token_nanos",
    DROP COLUMN "image_nanos",
    DROP COLUMN "audio_second_nanos",
    DROP COLUMN "video_second_nanos",
    DROP COLUMN "request_nanos",
    DROP COLUMN "fee_bps";

-- CreateIndex
CREATE UNIQUE INDEX "term_change_sequence_key" ON "term_change"("sequence");

-- CreateIndex
CREATE INDEX "term_change_kind_subject_id_valid_from_sequence_idx" ON "term_change"("kind", "subject_id", "valid_from", "sequence");

-- CreateIndex
CREATE INDEX "term_change_valid_from_idx" ON "term_change"("valid_from");

-- CreateIndex
CREATE INDEX "term_change_kind_subject_id_sequence_idx" ON "term_change"("kind", "subject_id", "sequence");

-- The history is only added to; the one thing that may be done to an entry is to withdraw it, once.
CREATE FUNCTION keep_term_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    withdrawal CONSTANT text[] := ARRAY['withdrawn_at', 'withdrawn_by', 'withdrawn_by_username'];
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.withdrawn_at IS NULL AND to_jsonb(OLD) - withdrawal = to_jsonb(NEW) - withdrawal THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'the history of prices and fees is append-only' USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER term_change_append_only BEFORE UPDATE OR DELETE ON "term_change"
    FOR EACH ROW EXECUTE FUNCTION keep_term_change();
CREATE TRIGGER term_change_not_emptied BEFORE TRUNCATE ON "term_change"
    FOR EACH STATEMENT EXECUTE FUNCTION keep_term_change();

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'aisbf_router') THEN
        REVOKE UPDATE, DELETE, TRUNCATE ON "term_change" FROM aisbf_router;
        GRANT UPDATE ("withdrawn_at", "withdrawn_by", "withdrawn_by_username") ON "term_change" TO aisbf_router;
    END IF;
END
$$;
