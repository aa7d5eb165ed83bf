-- CreateTable
CREATE TABLE "drains" (
    "id" TEXT NOT NULL,
    "host_id" TEXT NOT NULL,
    "phase" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "state" JSON NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "drains_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "drains_created_at_id_idx" ON "drains"("created_at", "id");

-- CreateIndex
CREATE INDEX "drains_host_id_created_at_id_idx" ON "drains"("host_id", "created_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "drains_active_host_key" ON "drains"("host_id") WHERE ("ended_at" IS NULL);
