-- AlterEnum
ALTER TYPE "guest_state" ADD VALUE 'lost';

-- AlterTable
ALTER TABLE "hosts" ADD COLUMN     "fenced_accept_older_copy" BOOLEAN,
ADD COLUMN     "fenced_at" TIMESTAMPTZ(3),
ADD COLUMN     "fenced_by" TEXT,
ADD COLUMN     "fenced_reason" TEXT;

-- AlterTable
ALTER TABLE "tokens" ADD COLUMN     "expires_at" TIMESTAMPTZ(3),
ADD COLUMN     "scopes" TEXT[];

-- CreateIndex
CREATE INDEX "tokens_created_at_id_idx" ON "tokens"("created_at", "id");

-- What was made before there were scopes goes on as it was.
UPDATE "tokens" SET "scopes" = CASE "role"
  WHEN 'admin' THEN ARRAY['read', 'operate', 'hosts:fence', 'tokens:manage']
  ELSE ARRAY[]::TEXT[]
END;
