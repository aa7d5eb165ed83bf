import { type Drain, type Migration, problems } from "@godwit/contract";
import { ApiError, UnreachableError } from "@godwit/client";

/** What a script may rely on. */
export const exitCodes = {
  done: 0,
  unexpected: 1,
  usage: 2,
  notFound: 3,
  notAllowed: 4,
  conflict: 5,
  aborted: 6,
  failed: 7,
  timedOut: 8,
  unreachable: 9,
  interrupted: 130,
} as const;

export function exitCodeOf(error: unknown): number {
  if (error instanceof UnreachableError) return exitCodes.unreachable;
  if (!(error instanceof ApiError)) return exitCodes.unexpected;
  switch (problems[error.code].status) {
    case 404:
      return exitCodes.notFound;
    case 401:
    case 403:
      return exitCodes.notAllowed;
    case 400:
    case 413:
    case 415:
      return exitCodes.usage;
    case 409:
    case 412:
    case 422:
    case 428:
      return exitCodes.conflict;
    default:
      return exitCodes.unexpected;
  }
}

/** One that is lost has failed, whatever else it is. */
export function exitCodeOfEnd({ phase }: Migration): number {
  if (phase === "completed") return exitCodes.done;
  return phase === "aborted" ? exitCodes.aborted : exitCodes.failed;
}

/** One that its own blocked guests hold up, or that was called off, has left guests where they serve. */
export function exitCodeOfDrain({ phase }: Pick<Drain, "phase">): number {
  if (phase === "completed" || phase === "returned") return exitCodes.done;
  return phase === "failed" ? exitCodes.failed : exitCodes.aborted;
}
