-- CreateTable
CREATE TABLE "outcomes" (
    "migration_id" TEXT NOT NULL,
    "source_id" TEXT NOT NULL,
    "destination_id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "predicted_ms" DOUBLE PRECISION,
    "low_ms" DOUBLE PRECISION,
    "high_ms" DOUBLE PRECISION,
    "actual_ms" DOUBLE PRECISION NOT NULL,
    "limit_ms" DOUBLE PRECISION NOT NULL,
    "bandwidth_bytes_per_sec" DOUBLE PRECISION,
    "handover_ms" DOUBLE PRECISION,

    CONSTRAINT "outcomes_pkey" PRIMARY KEY ("migration_id")
);

-- CreateTable
CREATE TABLE "outcome_devices" (
    "migration_id" TEXT NOT NULL,
    "position" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "version" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "declared_ms" DOUBLE PRECISION NOT NULL,
    "actual_ms" DOUBLE PRECISION NOT NULL,

    CONSTRAINT "outcome_devices_pkey" PRIMARY KEY ("migration_id","position")
);

-- CreateTable
CREATE TABLE "trace_chunks" (
    "migration_id" TEXT NOT NULL,
    "sequence" INTEGER NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "text" TEXT NOT NULL,

    CONSTRAINT "trace_chunks_pkey" PRIMARY KEY ("migration_id","sequence")
);

-- CreateTable
CREATE TABLE "policies" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "built_in" BOOLEAN NOT NULL,
    "version" INTEGER NOT NULL,
    "settings" JSON NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "policies_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "outcomes_source_id_destination_id_at_idx" ON "outcomes"("source_id", "destination_id", "at");

-- CreateIndex
CREATE INDEX "outcomes_at_idx" ON "outcomes"("at");

-- CreateIndex
CREATE INDEX "outcome_devices_kind_version_at_idx" ON "outcome_devices"("kind", "version", "at");

-- CreateIndex
CREATE INDEX "trace_chunks_at_idx" ON "trace_chunks"("at");

-- CreateIndex
CREATE UNIQUE INDEX "policies_name_key" ON "policies"("name");

-- CreateIndex
CREATE INDEX "policies_created_at_id_idx" ON "policies"("created_at", "id");
