import { ConfigError } from "@godwit/backend";
import { pageBytes } from "./pages.ts";

export interface MemoryConfig {
  /** A multiple of 4096, 1 MiB to 64 GiB. */
  sizeBytes: number;
  /** Where clients are served on the host's service address. */
  port: number;
}

const sizeMinBytes = 1024 ** 2;
const sizeMaxBytes = 64 * 1024 ** 3;

export function parseMemoryConfig(input: unknown): MemoryConfig {
  if (typeof input !== "object" || input === null || Array.isArray(input)) throw new ConfigError("", "not an object");
  const known = ["sizeBytes", "port"];
  const unknown = Object.keys(input).find((key) => !known.includes(key));
  if (unknown !== undefined)
    throw new ConfigError(pointerTo(unknown), `there is no such setting; known: ${known.join(", ")}`);
  const { sizeBytes, port }: { sizeBytes?: unknown; port?: unknown } = input;
  try {
    requireSize(sizeBytes);
  } catch (error) {
    throw new ConfigError("/sizeBytes", error instanceof Error ? error.message : String(error));
  }
  if (typeof port !== "number" || !Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new ConfigError("/port", "an integer from 1 to 65535");
  }
  return { sizeBytes: requireSize(sizeBytes), port };
}

/** Throws where it is no size for a memory. */
export function requireSize(value: unknown): number {
  if (typeof value === "number" && value % pageBytes === 0 && value >= sizeMinBytes && value <= sizeMaxBytes)
    return value;
  throw new RangeError(`a size is a multiple of ${pageBytes} from ${sizeMinBytes} to ${sizeMaxBytes} bytes`);
}

function pointerTo(key: string): string {
  return `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}
