-- Prices for every kind of unit, and what is held against providers whose own counts are off. Adds columns without a
-- default and a table: no rewrite, locks for a moment.
-- Run with search_path = router, so that names carry no schema.

-- AlterTable
ALTER TABLE "listing"
    ADD COLUMN "cached_prompt_token_nanos" BIGINT,
    ADD COLUMN "reasoning_token_nanos" BIGINT,
    ADD COLUMN "image_nanos" BIGINT,
    ADD COLUMN "audio_second_nanos" BIGINT,
    ADD COLUMN "video_second_nanos" BIGINT,
    ADD CONSTRAINT "listing_more_prices_check" CHECK (
        coalesce("cached_prompt_token_nanos", 0) >= 0
        AND coalesce("reasoning_token_nanos", 0) >= 0
        AND coalesce("image_nanos", 0) >= 0
        AND coalesce("audio_second_nanos", 0) >= 0
        AND coalesce("video_second_nanos", 0) >= 0
    );

-- CreateEnum
CREATE TYPE "usage_state" AS ENUM ('flagged', 'paused');

-- CreateTable
CREATE TABLE "usage_check" (
    "provider_id" UUID NOT NULL,
    "model" TEXT NOT NULL,
    "state" "usage_state" NOT NULL,
    "difference_bps" INTEGER NOT NULL,
    "requests" INTEGER NOT NULL,
    "our_tokens" BIGINT NOT NULL,
    "reported_tokens" BIGINT NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "usage_check_pkey" PRIMARY KEY ("provider_id", "model")
);

-- AddForeignKey
ALTER TABLE "usage_check" ADD CONSTRAINT "usage_check_provider_id_fkey" FOREIGN KEY ("provider_id") REFERENCES "provider"("id") ON DELETE CASCADE ON UPDATE CASCADE;
