-- Whether a provider is probed, by its owner's word. Adds two columns without defaults: no rewrite, locks for a moment.
-- Providers of before do as the installation does.
-- Run with search_path = router, so that names carry no schema.

-- CreateEnum
CREATE TYPE "provider_probing" AS ENUM ('on', 'doubtful', 'off');

-- AlterTable
ALTER TABLE "provider"
    ADD COLUMN "probe_models" "provider_probing",
    ADD COLUMN "probe_completion" "provider_probing",
    -- Lists of models are asked for or not, whoever is in doubt.
    ADD CONSTRAINT "provider_probing_check" CHECK ("probe_models" IN ('on', 'off'));
