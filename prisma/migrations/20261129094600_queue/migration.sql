-- CreateTable
CREATE TABLE "queue_pauses" (
    "name" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "by" TEXT NOT NULL,
    "reason" TEXT,

    CONSTRAINT "queue_pauses_pkey" PRIMARY KEY ("name")
);
