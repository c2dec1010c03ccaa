-- Envelopes of all of a hosted provider's secrets (form 3): its headers and parameters beside its credential. Replaces a
-- check by a wider one, for which the table is read once: it holds the providers, so the lock lasts for a moment. No data
-- changes; routers of the version before call no provider whose row is of form 3, and go on calling all others.
-- Run with search_path = router, so that names carry no schema.

-- AlterTable
ALTER TABLE "provider"
    DROP CONSTRAINT "provider_credential_form_check",
    ADD CONSTRAINT "provider_credential_form_check" CHECK (
        ("credential_version" = 1 AND "credential_data_key" IS NULL)
        OR ("credential_version" IN (2, 3) AND "credential_data_key" IS NOT NULL AND "credential_ciphertext" IS NOT NULL)
    );
