-- Credentials under a key of their own. Adds columns whose default is constant (no rewrite) and a check, for which the
-- table is read once: it holds the providers, so locks last for a moment. No data changes: what is there is of form 1, the
-- routers move it to form 2.
-- Run with search_path = router, so that names carry no schema.

-- AlterTable
ALTER TABLE "provider"
    ADD COLUMN "credential_version" SMALLINT NOT NULL DEFAULT 1,
    ADD COLUMN "credential_data_key" BYTEA,
    ADD CONSTRAINT "provider_credential_form_check" CHECK (
        ("credential_version" = 1 AND "credential_data_key" IS NULL)
        OR ("credential_version" = 2 AND "credential_data_key" IS NOT NULL AND "credential_ciphertext" IS NOT NULL)
    );
