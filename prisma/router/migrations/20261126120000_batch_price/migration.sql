-- What a seller takes of its prices for requests that run in a batch. A column with a constant default: no rewrite, and
-- routers of before this migration go on without it.
-- Run with search_path = router, so that names carry no schema.

-- AlterTable
ALTER TABLE "listing" ADD COLUMN "batch_percent" INTEGER NOT NULL DEFAULT 100,
    ADD CONSTRAINT "listing_batch_percent_check" CHECK ("batch_percent" BETWEEN 0 AND 100);
