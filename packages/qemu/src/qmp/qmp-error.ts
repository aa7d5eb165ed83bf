/**
 * Why a command has no result.
 *
 * | kind | meaning |
 * |---|---|
 * | `refused` | QEMU answered with an error; `errorClass` and `description` are its own |
 * | `deadline` | no answer in time; whether the command was carried out is not known |
 * | `closed` | the connection has ended, or could not be made; whether the command was carried out is not known |
 * | `protocol` | the other end does not speak QMP, and the connection was closed for it |
 */
export type QmpErrorKind = "refused" | "deadline" | "closed" | "protocol";

export class QmpError extends Error {
  override name = "QmpError";
  readonly kind: QmpErrorKind;
  readonly description: string;
  readonly command: string | undefined;
  /** QEMU's class of a refusal: "GenericError", "CommandNotFound", "DeviceNotFound" and the like. */
  readonly errorClass: string | undefined;

  constructor(kind: QmpErrorKind, description: string, about: { command?: string; errorClass?: string } = {}) {
    const { command, errorClass } = about;
    super([command, errorClass, description].filter((part) => part !== undefined).join(": "));
    this.kind = kind;
    this.description = description;
    this.command = command;
    this.errorClass = errorClass;
  }
}
