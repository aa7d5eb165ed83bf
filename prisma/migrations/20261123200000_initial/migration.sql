-- CreateEnum
CREATE TYPE "guest_state" AS ENUM ('running', 'stopped');

-- CreateEnum
CREATE TYPE "token_role" AS ENUM ('admin', 'agent');

-- CreateTable
CREATE TABLE "hosts" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "facts" JSON NOT NULL,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "hosts_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "guests" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "host_id" TEXT NOT NULL,
    "epoch" INTEGER NOT NULL,
    "state" "guest_state" NOT NULL,
    "definitions" JSON NOT NULL,
    "devices" JSON NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "guests_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "migrations" (
    "id" TEXT NOT NULL,
    "guest_id" TEXT NOT NULL,
    "source_id" TEXT NOT NULL,
    "destination_id" TEXT NOT NULL,
    "phase" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "state" JSON NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "migrations_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "samples" (
    "migration_id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "body" JSON NOT NULL,

    CONSTRAINT "samples_pkey" PRIMARY KEY ("migration_id","at")
);

-- CreateTable
CREATE TABLE "events" (
    "id" BIGSERIAL NOT NULL,
    "xid" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "type" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "migration_id" TEXT,
    "guest_id" TEXT,
    "host_id" TEXT,
    "sentence" TEXT NOT NULL,
    "data" JSON NOT NULL,

    CONSTRAINT "events_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "event_horizons" (
    "migration_id" TEXT NOT NULL,
    "xid" xid8 NOT NULL,
    "event_id" BIGINT NOT NULL,

    CONSTRAINT "event_horizons_pkey" PRIMARY KEY ("migration_id")
);

-- CreateTable
CREATE TABLE "plans" (
    "id" TEXT NOT NULL,
    "body" JSON NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "plans_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "idempotent_requests" (
    "principal" TEXT NOT NULL,
    "route" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "body_hash" TEXT NOT NULL,
    "claim_id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "status" INTEGER,
    "headers" JSON,
    "body" JSON,

    CONSTRAINT "idempotent_requests_pkey" PRIMARY KEY ("principal","route","key")
);

-- CreateTable
CREATE TABLE "tokens" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "role" "token_role" NOT NULL,
    "secret_hash" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "last_used_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "tokens_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "hosts_name_key" ON "hosts"("name");

-- CreateIndex
CREATE INDEX "hosts_created_at_id_idx" ON "hosts"("created_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "guests_name_key" ON "guests"("name");

-- CreateIndex
CREATE INDEX "guests_created_at_id_idx" ON "guests"("created_at", "id");

-- CreateIndex
CREATE INDEX "guests_host_id_created_at_id_idx" ON "guests"("host_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "migrations_created_at_id_idx" ON "migrations"("created_at", "id");

-- CreateIndex
CREATE INDEX "migrations_guest_id_created_at_id_idx" ON "migrations"("guest_id", "created_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "migrations_active_guest_key" ON "migrations"("guest_id") WHERE ("ended_at" IS NULL);

-- CreateIndex
CREATE INDEX "events_xid_id_idx" ON "events"("xid", "id");

-- CreateIndex
CREATE INDEX "events_migration_id_xid_id_idx" ON "events"("migration_id", "xid", "id");

-- CreateIndex
CREATE INDEX "plans_expires_at_idx" ON "plans"("expires_at");

-- CreateIndex
CREATE INDEX "idempotent_requests_at_idx" ON "idempotent_requests"("at");
