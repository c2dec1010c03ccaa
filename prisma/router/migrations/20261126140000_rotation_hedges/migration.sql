-- When a rotation's short requests are sent to the next member beside a slow one. A column without a default: no rewrite, a
-- lock for a moment. Null, as of all rotations of before, is never.
-- Run with search_path = router, so that names carry no schema.

-- AlterTable
ALTER TABLE "rotation" ADD COLUMN "hedge_after_ms" INTEGER;
