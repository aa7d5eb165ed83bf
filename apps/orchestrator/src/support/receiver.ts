import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { WebhookMessage } from "@godwit/contract";

export interface Received {
  headers: IncomingHttpHeaders;
  body: string;
  message: WebhookMessage;
}

type Reply = { status: number; headers?: Record<string, string> };

/** A real receiver on loopback, which keeps what it gets and answers as it is told to. */
export class Receiver implements AsyncDisposable {
  readonly received: Received[] = [];
  /** Nothing: the request is left open. */
  answer: (received: Received) => Reply | undefined = () => ({ status: 204 });
  readonly #server: Server;
  /** How many requests were open at once at the most. */
  mostAtOnce = 0;
  #open = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async listen(): Promise<Receiver> {
    const server = createServer();
    const receiver = new Receiver(server);
    server.on("request", (request, response) => {
      receiver.#open += 1;
      receiver.mostAtOnce = Math.max(receiver.mostAtOnce, receiver.#open);
      response.once("close", () => (receiver.#open -= 1));
      void text(request).then((body) => {
        const got = { headers: request.headers, body, message: WebhookMessage.parse(JSON.parse(body)) };
        receiver.received.push(got);
        const reply = receiver.answer(got);
        if (reply !== undefined) response.writeHead(reply.status, reply.headers).end("as you say");
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return receiver;
  }

  get origin(): string {
    // Once it listens on a port, this is what it has.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  types(): string[] {
    return this.received.map(({ message }) => message.type);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Whether one of the message's signatures is by this secret, reckoned as its receiver would. */
export function isSignedBy(secret: string, { headers, body }: Received): boolean {
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const signed = `${String(headers["webhook-id"])}.${String(headers["webhook-timestamp"])}.${body}`;
  const expected = `v1,${createHmac("sha256", key).update(signed).digest("base64")}`;
  return String(headers["webhook-signature"]).split(" ").includes(expected);
}
