import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { z } from "zod";
import { decodeHeader, headerBytes, paddingOf, preamble } from "../../../packages/channel/src/frame.ts";
import { controlFrame } from "../../../packages/channel/src/messages.ts";
import { listening, PeerProxy } from "./peer-proxy.ts";

const Refused = z.object({ code: z.string() });

/** A whole control frame, as whoever knows the protocol can make it. */
export function frame(...parts: Parameters<typeof controlFrame>): Buffer {
  const { header, payload } = controlFrame(...parts);
  return Buffer.concat([header, payload, paddingOf(payload.length)]);
}

/** Says the frames at an agent's port and resolves to the code of the error that is the answer; `undefined` where there is none. */
export async function sayAt(endpoint: string, frames: Buffer[]): Promise<string | undefined> {
  const [host = "", port] = endpoint.split(":");
  const socket = connect(Number(port), host);
  socket.on("error", () => socket.destroy());
  const answer: Buffer[] = [];
  socket.on("data", (data: Buffer) => answer.push(data));
  socket.write(Buffer.concat([preamble, ...frames]));
  await once(socket, "close");
  const bytes = Buffer.concat(answer);
  if (bytes.length < headerBytes) return undefined;
  const { type, length } = decodeHeader(bytes);
  if (type !== "error") return undefined;
  return Refused.parse(JSON.parse(bytes.subarray(headerBytes, headerBytes + length).toString())).code;
}

/** A proxy in front of a source's port that, once it is armed, makes of each grant one of another epoch. */
export class ForgingProxy extends PeerProxy {
  /** Added to the epoch of each grant. */
  epochs = 0;

  static async start(): Promise<ForgingProxy> {
    return new ForgingProxy(await listening());
  }

  protected carry(source: Socket, destination: Socket): void {
    let rest = Buffer.alloc(0);
    destination.on("data", (data: Buffer) => source.write(data));
    source.on("data", (data: Buffer) => {
      rest = Buffer.concat([rest, data]);
      for (let length = lengthOfFirst(rest); length !== undefined; length = lengthOfFirst(rest)) {
        destination.write(this.#forged(rest.subarray(0, length)));
        rest = rest.subarray(length);
      }
    });
  }

  #forged(whole: Buffer): Buffer {
    const { type, sequence, length } = decodeHeader(whole);
    if (type !== "grant" || this.epochs === 0) return whole;
    const { epoch } = z
      .object({ epoch: z.number() })
      .parse(JSON.parse(whole.subarray(headerBytes, headerBytes + length).toString()));
    return frame("grant", sequence, { epoch: epoch + this.epochs });
  }
}

/** Of the first frame, if it is there as a whole. */
function lengthOfFirst(bytes: Buffer): number | undefined {
  if (bytes.length < headerBytes) return undefined;
  const { length } = decodeHeader(bytes);
  const whole = headerBytes + length + paddingOf(length).length;
  return bytes.length < whole ? undefined : whole;
}
