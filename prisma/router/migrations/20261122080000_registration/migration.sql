-- Several registrations a provider, each with an end of its own. Locks "provider" for the moment of the
-- change: a few thousand rows. The former column goes with it, so the routers of before this migration
-- cannot admit workers after it.
-- Run with search_path = router, so that names carry no schema.

-- CreateTable
CREATE TABLE "registration" (
    "id" UUID NOT NULL,
    "provider_id" UUID NOT NULL,
    "public_id" TEXT NOT NULL,
    "token_hash" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "registration_pkey" PRIMARY KEY ("id")
);

-- Nobody may become a worker's provider between the copy and the end of the column.
LOCK TABLE "provider" IN ACCESS EXCLUSIVE MODE;

-- The public id of these tokens was not kept: a part of the row's own id stands in for it.
INSERT INTO "registration" ("id", "provider_id", "public_id", "token_hash", "created_at")
SELECT made."id", made."provider_id", left(replace(made."id"::text, '-', ''), 12), made."token_hash", made."created_at"
FROM (
    SELECT gen_random_uuid() AS "id", "id" AS "provider_id", "registration_token_hash" AS "token_hash", "created_at"
    FROM "provider"
    WHERE "registration_token_hash" IS NOT NULL
) AS made;

-- Every worker can still connect, or nothing has changed.
DO $$
BEGIN
    IF (SELECT count(*) FROM "registration")
        <> (SELECT count(*) FROM "provider" WHERE "registration_token_hash" IS NOT NULL) THEN
        RAISE EXCEPTION 'not every registration token was moved';
    END IF;
END
$$;

-- AlterTable
ALTER TABLE "provider" DROP CONSTRAINT "provider_kind_check";
ALTER TABLE "provider" DROP COLUMN "registration_token_hash";
-- A hosted provider has an address, a worker's has none.
ALTER TABLE "provider" ADD CONSTRAINT "provider_kind_check" CHECK (("kind" = 'openai') = ("base_url" IS NOT NULL));

-- CreateIndex
CREATE UNIQUE INDEX "registration_token_hash_key" ON "registration"("token_hash");

-- CreateIndex
CREATE INDEX "registration_provider_id_idx" ON "registration"("provider_id");

-- AddForeignKey
ALTER TABLE "registration" ADD CONSTRAINT "registration_provider_id_fkey" FOREIGN KEY ("provider_id") REFERENCES "provider"("id") ON DELETE CASCADE ON UPDATE CASCADE;
