import { z } from "zod";

/** The whole error contract: every code, its HTTP status, its title, and whether trying again may help. */
export const problems = {
  "malformed-json": { status: 400, title: "The body is not valid JSON" },
  "invalid-request": { status: 400, title: "The request does not match its schema" },
  unauthenticated: { status: 401, title: "No valid token was shown" },
  forbidden: { status: 403, title: "This token does not allow it" },
  "not-found": { status: 404, title: "There is no such path" },
  "unknown-guest": { status: 404, title: "There is no such guest" },
  "unknown-host": { status: 404, title: "There is no such host" },
  "unknown-plan": { status: 404, title: "There is no such plan" },
  "unknown-policy": { status: 404, title: "There is no such policy" },
  "unknown-migration": { status: 404, title: "There is no such migration" },
  "unknown-token": { status: 404, title: "There is no such token" },
  "unknown-drain": { status: 404, title: "There is no such drain" },
  "not-in-drain": { status: 404, title: "The guest is not one of the drain's" },
  "drain-under-way": { status: 409, title: "The host is being drained" },
  "drain-ended": { status: 409, title: "The drain has ended" },
  "no-destination": { status: 409, title: "There is no host that the guests could go to" },
  "nothing-to-bring-back": { status: 409, title: "The drain has moved no guest that is still where it went" },
  "deadline-passed": { status: 422, title: "It could not end by its deadline" },
  "guest-busy": { status: 409, title: "The guest is already being migrated", retryable: true },
  "guest-saved": { status: 409, title: "The guest is in a folder and runs nowhere" },
  "guest-not-saved": { status: 409, title: "The guest is not in a folder" },
  "cannot-save": { status: 409, title: "A device of the guest cannot be saved into a folder" },
  "folder-taken": { status: 409, title: "The folder exists already" },
  "folder-missing": { status: 409, title: "There is no such folder on the host" },
  "folder-forbidden": { status: 409, title: "The host's agent may not use the folder" },
  "save-damaged": { status: 409, title: "The save is damaged" },
  "save-format": { status: 409, title: "The save is of a format that the host does not read" },
  "save-of-another": { status: 409, title: "The folder holds another save than the guest's" },
  "host-offline": { status: 409, title: "The agent of a host is not connected", retryable: true },
  "host-connected": { status: 409, title: "The agent of the host is connected" },
  "fencing-failed": { status: 409, title: "The fencing command did not say that the host is dead" },
  "no-fencing-command": { status: 409, title: "There is no fencing command for the host" },
  "incompatible-format": { status: 409, title: "The destination cannot read the state that the source writes" },
  "missing-feature": { status: 409, title: "The destination lacks something that the state needs" },
  "missing-back-end": { status: 409, title: "The destination has no back end of the device's kind" },
  "no-room": { status: 409, title: "The destination has no room for the guest" },
  "address-in-use": { status: 409, title: "An address or path that a device needs is taken on the destination" },
  "unsupported-content": { status: 409, title: "A device holds something that cannot be moved" },
  "missing-file": { status: 409, title: "The destination lacks a file or a directory that a device needs" },
  "invalid-config": { status: 422, title: "A device's configuration is wrong" },
  "same-host": { status: 422, title: "Source and destination are the same host" },
  "name-taken": { status: 409, title: "The name is in use" },
  "past-point-of-no-return": { status: 409, title: "The switchover has begun" },
  "guest-not-settled": { status: 409, title: "It is not settled which host owns the guest", retryable: true },
  "migration-ended": { status: 409, title: "The migration has ended" },
  "nothing-to-accept": { status: 409, title: "No older copy waits to be accepted" },
  "not-under-way": { status: 409, title: "Nothing moves yet", retryable: true },
  "policy-built-in": { status: 409, title: "A built-in policy cannot be changed" },
  "precondition-required": { status: 428, title: "The request must say which version it changes" },
  "precondition-failed": { status: 412, title: "Somebody has changed it since" },
  "plan-stale": { status: 409, title: "The facts that the plan rests on have changed" },
  "create-failed": { status: 409, title: "The host could not create the guest" },
  "remove-failed": { status: 409, title: "The host could not end the guest" },
  "idempotency-key-reused": { status: 422, title: "The idempotency key was used with another body" },
  "idempotency-key-in-progress": {
    status: 409,
    title: "The first request with this key is still running",
    retryable: true,
  },
  "body-too-large": { status: 413, title: "The body is too large" },
  "unsupported-media-type": { status: 415, title: "The body must be application/json" },
  "too-many-requests": { status: 429, title: "Too many requests", retryable: true },
  internal: { status: 500, title: "Something broke that should not have" },
  standby: { status: 503, title: "Another orchestrator decides for now", retryable: true },
  "host-silent": { status: 504, title: "An agent did not answer in time", retryable: true },
} as const satisfies Record<string, { status: number; title: string; retryable?: true }>;

export type ProblemCode = keyof typeof problems;
// Object.keys is typed as string[]; the table is a constant, so its keys are these.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
export const problemCodes = Object.keys(problems) as [ProblemCode, ...ProblemCode[]];

/** RFC 9457 problem details, with the members that this API adds. */
export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string().optional(),
    code: z.enum(problemCodes),
    requestId: z.string().optional(),
    retryable: z.boolean().optional(),
    currentState: z.string().optional(),
    errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
  })
  .meta({ id: "Problem" });
export type Problem = z.infer<typeof Problem>;
