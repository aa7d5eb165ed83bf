import { DatabaseError } from "pg";

/** A statement was refused by this unique index, and has changed nothing. */
export function breaks(error: unknown, index: string): boolean {
  return error instanceof DatabaseError && error.constraint === index;
}
