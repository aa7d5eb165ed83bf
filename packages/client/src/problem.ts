import { Problem, type ProblemCode } from "@godwit/contract";

/** The server refused, and said why. */
export class ApiError extends Error {
  override name = "ApiError";
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }

  get code(): ProblemCode {
    return this.problem.code;
  }

  get status(): number {
    return this.problem.status;
  }
}

/** Nobody answered, or somebody who is not this API. */
export class UnreachableError extends Error {
  override name = "UnreachableError";
}

export async function problemIn(response: Response): Promise<Error> {
  const body: unknown = await response.json().catch(() => undefined);
  const parsed = Problem.safeParse(body);
  if (parsed.success) return new ApiError(parsed.data);
  return new UnreachableError(
    `${response.url} answered ${response.status} without a problem: it is not a Godwit API of this version`,
  );
}
