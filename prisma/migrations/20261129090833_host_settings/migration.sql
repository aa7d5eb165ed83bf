-- AlterTable
ALTER TABLE "hosts" ADD COLUMN     "cordoned" JSON,
ADD COLUMN     "link_budget" JSON,
ADD COLUMN     "paused" JSON;
