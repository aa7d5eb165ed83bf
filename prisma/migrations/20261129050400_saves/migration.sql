-- AlterEnum
ALTER TYPE "guest_state" ADD VALUE 'saved';

-- AlterTable
ALTER TABLE "guests" ADD COLUMN     "save" JSON;
