-- What a hosted API serves, as its owner says. A column with a constant default: no rewrite, a lock for a moment. None named,
-- as of all providers of before, means that nobody says.
-- Run with search_path = router, so that names carry no schema.

-- AlterTable
ALTER TABLE "provider" ADD COLUMN "served_endpoints" TEXT[] DEFAULT ARRAY[]::TEXT[];
