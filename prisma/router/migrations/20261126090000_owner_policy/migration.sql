-- Whom an owner serves, when, what with and how much. Adds columns with constant defaults and two tables: no rewrite, locks
-- for a moment. Providers of before are open to the market, without limits, as they were.
-- Run with search_path = router, so that names carry no schema.

-- CreateEnum
CREATE TYPE "provider_audience" AS ENUM ('market', 'listed', 'private');

-- AlterTable
ALTER TABLE "provider"
    ADD COLUMN "audience" "provider_audience" NOT NULL DEFAULT 'market',
    ADD COLUMN "endpoints" TEXT[] DEFAULT ARRAY[]::TEXT[],
    ADD COLUMN "buyer_requests_per_minute_max" INTEGER,
    ADD COLUMN "buyer_tokens_per_minute_max" BIGINT,
    ADD COLUMN "requests_per_minute_max" INTEGER,
    ADD COLUMN "tokens_per_minute_max" BIGINT,
    ADD CONSTRAINT "provider_rates_check" CHECK (
        coalesce("buyer_requests_per_minute_max", 1) > 0
        AND coalesce("buyer_tokens_per_minute_max", 1) > 0
        AND coalesce("requests_per_minute_max", 1) > 0
        AND coalesce("tokens_per_minute_max", 1) > 0
    );

-- CreateTable
CREATE TABLE "provider_guest" (
    "provider_id" UUID NOT NULL,
    "owner_id" UUID NOT NULL,
    "username" TEXT NOT NULL,

    CONSTRAINT "provider_guest_pkey" PRIMARY KEY ("provider_id", "owner_id")
);

-- CreateTable
CREATE TABLE "provider_opening" (
    "provider_id" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "from_minute" INTEGER NOT NULL,
    "to_minute" INTEGER NOT NULL,

    CONSTRAINT "provider_opening_pkey" PRIMARY KEY ("provider_id", "position"),
    -- Minutes of a week that begins on Monday at midnight UTC; one that lasts into the next week ends beyond it.
    CONSTRAINT "provider_opening_check" CHECK (
        "from_minute" >= 0
        AND "from_minute" < 10080
        AND "to_minute" > "from_minute"
        AND "to_minute" <= "from_minute" + 1440
    )
);

-- AddForeignKey
ALTER TABLE "provider_guest" ADD CONSTRAINT "provider_guest_provider_id_fkey" FOREIGN KEY ("provider_id") REFERENCES "provider"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "provider_opening" ADD CONSTRAINT "provider_opening_provider_id_fkey" FOREIGN KEY ("provider_id") REFERENCES "provider"("id") ON DELETE CASCADE ON UPDATE CASCADE;
