-- Rotations within rotations, priorities, limits of a rotation, and what an owner promises about data.
-- Run with search_path = router, so that names carry no schema.

ALTER TABLE "rotation"
    ADD COLUMN "attempts_max" INTEGER,
    ADD COLUMN "first_byte_ms" INTEGER,
    ADD COLUMN "total_ms" INTEGER;

-- A member is a provider's model or another rotation. A rotation that others lead to cannot be deleted under
-- them unseen: they lose the member, as they do with a provider.
ALTER TABLE "rotation_member"
    ADD COLUMN "priority" INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN "inner_rotation_id" UUID,
    DROP CONSTRAINT "rotation_member_pkey",
    ALTER COLUMN "provider_id" DROP NOT NULL,
    ALTER COLUMN "model" DROP NOT NULL,
    ADD CONSTRAINT "rotation_member_pkey" PRIMARY KEY ("rotation_id", "position"),
    ADD CONSTRAINT "rotation_member_inner_rotation_id_fkey" FOREIGN KEY ("inner_rotation_id")
        REFERENCES "rotation" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
    ADD CONSTRAINT "rotation_member_target" CHECK (
        CASE
            WHEN "inner_rotation_id" IS NULL THEN "provider_id" IS NOT NULL AND "model" IS NOT NULL
            ELSE "provider_id" IS NULL AND "model" IS NULL
        END
    );

CREATE UNIQUE INDEX "rotation_member_rotation_id_provider_id_model_key"
    ON "rotation_member" ("rotation_id", "provider_id", "model");
CREATE UNIQUE INDEX "rotation_member_rotation_id_inner_rotation_id_key"
    ON "rotation_member" ("rotation_id", "inner_rotation_id");
CREATE INDEX "rotation_member_inner_rotation_id_idx" ON "rotation_member" ("inner_rotation_id");

-- Null is no promise.
ALTER TABLE "provider"
    ADD COLUMN "is_data_collected" BOOLEAN,
    ADD COLUMN "is_data_retained" BOOLEAN,
    ADD COLUMN "region" TEXT;
