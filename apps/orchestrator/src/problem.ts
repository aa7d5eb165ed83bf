import type { ProblemCode } from "@godwit/contract";

interface Extra {
  errors?: { pointer: string; detail: string }[];
  currentState?: string;
}

/** An outcome that the API's users must be told of, by a code of the one table of problems. */
export class ProblemError extends Error {
  override name = "ProblemError";
  readonly code: ProblemCode;
  readonly extra: Extra;

  constructor(code: ProblemCode, detail: string, extra: Extra = {}) {
    super(detail);
    this.code = code;
    this.extra = extra;
  }
}
