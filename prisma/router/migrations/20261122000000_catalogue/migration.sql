-- The catalogue: providers, what they offer, what is on sale, rotations. A new database: nothing is locked.
-- Run with search_path = router, so that names carry no schema.

-- CreateEnum
CREATE TYPE "provider_kind" AS ENUM ('coderai', 'openai');

-- CreateTable
CREATE TABLE "provider" (
    "id" UUID NOT NULL,
    "owner_id" UUID NOT NULL,
    "username" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "kind" "provider_kind" NOT NULL,
    "is_enabled" BOOLEAN NOT NULL DEFAULT true,
    "client_ids" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "registration_token_hash" TEXT,
    "base_url" TEXT,
    "credential_ciphertext" BYTEA,
    "credential_key_id" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "provider_pkey" PRIMARY KEY ("id"),
    -- A worker's provider is entered with a token, a hosted one has an address; neither has the other's.
    CONSTRAINT "provider_kind_check" CHECK (
        ("kind" = 'coderai' AND "registration_token_hash" IS NOT NULL AND "base_url" IS NULL)
        OR ("kind" = 'openai' AND "registration_token_hash" IS NULL AND "base_url" IS NOT NULL)
    ),
    CONSTRAINT "provider_credential_check" CHECK (
        ("credential_ciphertext" IS NULL) = ("credential_key_id" IS NULL)
    )
);

-- CreateTable
CREATE TABLE "provider_model" (
    "provider_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "upstream_name" TEXT NOT NULL,

    CONSTRAINT "provider_model_pkey" PRIMARY KEY ("provider_id", "name")
);

-- CreateTable
CREATE TABLE "listing" (
    "id" UUID NOT NULL,
    "provider_id" UUID NOT NULL,
    "model" TEXT NOT NULL,
    "prompt_token_nanos" BIGINT,
    "completion_token_nanos" BIGINT,
    "request_nanos" BIGINT,
    "is_active" BOOLEAN NOT NULL DEFAULT true,
    "fee_bps" INTEGER,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "listing_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "listing_prices_check" CHECK (
        coalesce("prompt_token_nanos", 0) >= 0
        AND coalesce("completion_token_nanos", 0) >= 0
        AND coalesce("request_nanos", 0) >= 0
    ),
    CONSTRAINT "listing_fee_check" CHECK ("fee_bps" BETWEEN 0 AND 10000)
);

-- CreateTable
CREATE TABLE "rotation" (
    "id" UUID NOT NULL,
    "owner_id" UUID NOT NULL,
    "username" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "rotation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "rotation_member" (
    "rotation_id" UUID NOT NULL,
    "provider_id" UUID NOT NULL,
    "model" TEXT NOT NULL,
    "weight" INTEGER NOT NULL,
    "position" INTEGER NOT NULL,

    CONSTRAINT "rotation_member_pkey" PRIMARY KEY ("rotation_id", "provider_id", "model"),
    CONSTRAINT "rotation_member_weight_check" CHECK ("weight" > 0)
);

-- CreateTable
CREATE TABLE "catalogue_revision" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "revision" BIGINT NOT NULL,

    CONSTRAINT "catalogue_revision_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "catalogue_revision_single_check" CHECK ("id" = 1)
);

-- CreateIndex
CREATE UNIQUE INDEX "provider_owner_id_name_key" ON "provider"("owner_id", "name");

-- CreateIndex
CREATE UNIQUE INDEX "listing_provider_id_model_key" ON "listing"("provider_id", "model");

-- CreateIndex
CREATE UNIQUE INDEX "rotation_owner_id_name_key" ON "rotation"("owner_id", "name");

-- CreateIndex
CREATE INDEX "rotation_member_provider_id_idx" ON "rotation_member"("provider_id");

-- AddForeignKey
ALTER TABLE "provider_model" ADD CONSTRAINT "provider_model_provider_id_fkey" FOREIGN KEY ("provider_id") REFERENCES "provider"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "listing" ADD CONSTRAINT "listing_provider_id_fkey" FOREIGN KEY ("provider_id") REFERENCES "provider"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "rotation_member" ADD CONSTRAINT "rotation_member_rotation_id_fkey" FOREIGN KEY ("rotation_id") REFERENCES "rotation"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "rotation_member" ADD CONSTRAINT "rotation_member_provider_id_fkey" FOREIGN KEY ("provider_id") REFERENCES "provider"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- The one row that every change raises.
INSERT INTO "catalogue_revision" ("id", "revision") VALUES (1, 1);
