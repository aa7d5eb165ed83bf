-- AlterTable
ALTER TABLE "guests" ADD COLUMN     "keep_apart" TEXT;
