-- AlterEnum
-- A value that is added to a type cannot be used before the transaction ends: so the type is made anew.
ALTER TYPE "token_role" RENAME TO "token_role_before";
CREATE TYPE "token_role" AS ENUM ('viewer', 'operator', 'admin', 'custom', 'agent');

-- What was made before there were roles goes on as it was. Only who had every scope becomes an admin, who gets those to come as well.
ALTER TABLE "tokens" ALTER COLUMN "role" TYPE "token_role" USING (CASE
  WHEN "role" = 'agent' THEN 'agent'
  WHEN "scopes" @> ARRAY['read', 'operate', 'hosts:fence', 'tokens:manage', 'admin'] THEN 'admin'
  WHEN "scopes" = ARRAY['read'] THEN 'viewer'
  ELSE 'custom'
END::"token_role");
DROP TYPE "token_role_before";

UPDATE "tokens" SET "scopes" = array_append("scopes", 'policies:manage') WHERE 'operate' = ANY ("scopes");
