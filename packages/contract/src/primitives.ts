import { z } from "zod";

/** Ids are UUIDv7 (RFC 9562): sortable by the time of their making. */
export const Id = z.uuid().meta({ description: "UUIDv7 (RFC 9562)" });
export type Id = z.infer<typeof Id>;

/** What people call a host or a guest. Never of the form of an id, so that one field takes names and ids. */
export const Name = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$/,
    "1 to 63 lower-case letters, digits, '.', '_' or '-', beginning and ending with a letter or digit",
  )
  .refine((text) => !z.uuid().safeParse(text).success, "a name must not have the form of an id");
export type Name = z.infer<typeof Name>;

/** A name or an id of something that exists. */
export const Reference = z
  .string()
  .min(1)
  .max(63)
  // PostgreSQL keeps no NUL, and no name has a control character.
  .regex(/^[^\p{Cc}]*$/u, "no control characters")
  .meta({ description: "a name or an id" });
export type Reference = z.infer<typeof Reference>;

/** JSON integers carry bytes exactly up to 2^53-1. */
export const Bytes = z.int().nonnegative();
export const BytesPerSec = z.number().nonnegative();
/** A duration in milliseconds, fractions allowed. */
export const Ms = z.number().nonnegative();

/** A point in time: RFC 3339, UTC, milliseconds. */
export const Timestamp = z.iso.datetime({ precision: 3 });

/** A point in time as people give it: RFC 3339, of any precision, with any offset. */
export const Instant = z.iso.datetime({ offset: true });

/** "127.0.0.1:7001" or "[::1]:7001". */
export const Endpoint = z.string().regex(/^(\[[0-9a-fA-F:]+\]|[^\s:/]+):\d{1,5}$/, "host:port");

/** The number that grows with each handover of a guest and fences stale actors. */
export const Epoch = z.int().positive();

/** Why something is as it is: a stable code, the figures it rests on, and a sentence made of both. */
export const Reason = z
  .object({
    code: z.string(),
    sentence: z.string(),
    inputs: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])),
  })
  .meta({ id: "Reason" });
export type Reason = z.infer<typeof Reason>;
