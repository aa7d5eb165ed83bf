-- CreateTable
CREATE TABLE "audit_records" (
    "id" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "who_id" TEXT,
    "who_name" TEXT,
    "operation" TEXT NOT NULL,
    "target_type" TEXT,
    "target_id" TEXT,
    "target_name" TEXT,
    "reason" TEXT,
    "status" INTEGER,
    "code" TEXT,
    "request_id" TEXT NOT NULL,

    CONSTRAINT "audit_records_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "audit_records_created_at_id_idx" ON "audit_records"("created_at", "id");

-- A token that had every scope there was is an administrator's: it sees the audit too.
UPDATE "tokens" SET "scopes" = array_append("scopes", 'admin')
WHERE "role" = 'admin' AND "scopes" @> ARRAY['read', 'operate', 'hosts:fence', 'tokens:manage'];
