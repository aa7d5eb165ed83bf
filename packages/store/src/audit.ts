import type { Pool } from "pg";
import type { Audit, AuditFilter, AuditRecord, AuditTarget } from "./audit-record.ts";
import { pageOf, pageQuery } from "./cursor.ts";
import { type Database, toTextColumn } from "./database.ts";
import { type AuditRecord as Row, Prisma } from "./generated/client.ts";
import { removeInParts } from "./pruning.ts";

const prunedAtOnce = 10_000;

export function auditOf({ pool, prisma }: Database): Audit {
  return {
    async add({ id, createdAt, who, operation, target, reason, outcome, requestId }) {
      const of = targetColumns(target);
      await pool.query(Prisma.sql`
        INSERT INTO audit_records (id, created_at, who_id, who_name, operation, target_type, target_id, target_name,
          reason, status, code, request_id)
        VALUES (${id}, ${createdAt}, ${who?.id ?? null}, ${text(who?.name)}, ${operation}, ${of.type}, ${of.id}, ${of.name},
          ${text(reason)}, ${outcome?.status ?? null}, ${outcome?.code ?? null}, ${toTextColumn(requestId)})`);
    },

    async finish(id, { status, code }, target) {
      const of = targetColumns(target);
      await pool.query(Prisma.sql`
        UPDATE audit_records
        SET status = ${status}, code = ${code ?? null}, target_type = coalesce(${of.type}, target_type),
          target_id = coalesce(${of.id}, target_id), target_name = coalesce(${of.name}, target_name)
        WHERE id = ${id}`);
    },

    async list(page, filter = {}) {
      const query = pageQuery(page);
      const where = { AND: [query.where, ...conditions(filter)] };
      return pageOf((await prisma.auditRecord.findMany({ ...query, where })).map(record), page);
    },

    async prune({ before, keep, keepUnknown }) {
      const all = Prisma.sql`true`;
      const unknown = Prisma.sql`who_id IS NULL`;
      return (
        (await removeInParts(() => removeOlder(pool, before))) +
        (await removeInParts(() => removeSurplus(pool, unknown, keepUnknown))) +
        (await removeInParts(() => removeSurplus(pool, all, keep)))
      );
    },
  };
}

function text(value: string | undefined): string | null {
  return value === undefined ? null : toTextColumn(value);
}

function targetColumns(target: AuditTarget | undefined): Record<keyof AuditTarget, string | null> {
  return { type: target?.type ?? null, id: text(target?.id), name: text(target?.name) };
}

function conditions({ who, target, since }: AuditFilter): Prisma.AuditRecordWhereInput[] {
  return [
    ...(who === undefined ? [] : [{ OR: [{ whoId: who }, { whoName: who }] }]),
    ...(target === undefined ? [] : [{ OR: [{ targetId: target }, { targetName: target }] }]),
    ...(since === undefined ? [] : [{ createdAt: { gte: since } }]),
  ];
}

function record(row: Row): AuditRecord {
  const { id, createdAt, whoId, whoName, operation, targetType, targetId, targetName, reason, status, code } = row;
  return {
    id,
    createdAt,
    ...(whoId !== null && whoName !== null && { who: { id: whoId, name: whoName } }),
    operation,
    ...(targetType !== null && {
      target: {
        type: targetType,
        ...(targetId !== null && { id: targetId }),
        ...(targetName !== null && { name: targetName }),
      },
    }),
    ...(reason !== null && { reason }),
    ...(status !== null && { outcome: { status, ...(code !== null && { code }) } }),
    requestId: row.requestId,
  };
}

async function removeOlder(pool: Pool, before: Date): Promise<number> {
  const { rowCount } = await pool.query(Prisma.sql`
    DELETE FROM audit_records WHERE id IN (
      SELECT id FROM audit_records WHERE created_at < ${before} ORDER BY created_at, id LIMIT ${prunedAtOnce}
    )`);
  return rowCount ?? 0;
}

/** What comes in meanwhile is newer than what stays, so that this ends. */
async function removeSurplus(pool: Pool, which: Prisma.Sql, keep: number): Promise<number> {
  const { rowCount } = await pool.query(Prisma.sql`
    DELETE FROM audit_records WHERE id IN (
      SELECT id FROM audit_records WHERE ${which} ORDER BY created_at DESC, id DESC OFFSET ${keep} LIMIT ${prunedAtOnce}
    )`);
  return rowCount ?? 0;
}
