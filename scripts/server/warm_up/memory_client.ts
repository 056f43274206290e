/** A client whose WebSocket (RFC 7395) never leaves this process. @module */
import type { WebSocketHandler } from "bun";
import type { AmpactServer } from "../../../server/create_server.ts";
import { PATHS } from "../../../transport/app.ts";
import { NS } from "../../../xmpp/ns.ts";
import { xml } from "../../../xmpp/xml/xml.ts";
import type { Deadline } from "./deadline.ts";
import { MemorySocket, OtherMemorySocket } from "./memory_socket.ts";
import { ScramClient } from "./scram_client.ts";

type Handler = Required<Pick<WebSocketHandler<unknown>, "open" | "message" | "pong" | "close">>;
type RawSocket = Parameters<Handler["open"]>[0];

export interface Login {
  readonly domain: string;
  readonly user: string;
  readonly password: string;
  readonly mechanism: "PLAIN" | "SCRAM-SHA-256";
  readonly resource: string;
}

const ADDRESS = "127.0.0.1";
const NORMAL_CLOSURE = 1000;

export class MemoryClient {
  readonly #handler: Handler;
  readonly #socket: MemorySocket;
  readonly #deadline: Deadline;
  #messages = 0;

  private constructor(handler: Handler, socket: MemorySocket, deadline: Deadline) {
    this.#handler = handler;
    this.#socket = socket;
    this.#deadline = deadline;
    handler.open(this.#raw);
  }

  /** Through the route of the app, as a handshake comes. `kind`: whole numbers take the shapes of sockets in turn. */
  static async connect(
    server: Pick<AmpactServer, "app" | "websocket" | "config">,
    kind: number,
    deadline: Deadline,
  ): Promise<MemoryClient> {
    const headers = { upgrade: "websocket", "sec-websocket-protocol": "xmpp" };
    const request = new Request(`http://${server.config.domains[0]}${PATHS.websocket}`, { headers });
    const bun = new UpgradingServer();
    await server.app.fetch(request, bun);
    if (bun.data === undefined) throw new Error("Cannot connect to the server: the handshake was refused");
    const socket = kind % 2 === 0 ? new MemorySocket(bun.data) : new OtherMemorySocket(bun.data);
    return new MemoryClient(server.websocket as Handler, socket, deadline);
  }

  /** Bun's type has much that this transport does not use. */
  get #raw(): RawSocket {
    return this.#socket as unknown as RawSocket;
  }

  send(text: string): void {
    this.#handler.message(this.#raw, text);
  }

  /** Takes what has come, and proves its receipt. */
  read(): readonly string[] {
    const { texts, ping } = this.#socket.take();
    if (ping !== undefined) this.#handler.pong(this.#raw, Buffer.from(ping));
    for (const text of texts) if (text.startsWith("<message")) this.#messages++;
    return texts;
  }

  /** Reads until a frame holds that text, and returns the frame. Throws TimeOver. */
  async until(part: string): Promise<string> {
    for (;;) {
      const frame = this.read().find((text) => text.includes(part));
      if (frame !== undefined) return frame;
      this.#deadline.check();
      await nextTurn();
    }
  }

  /** Reads until that many messages have come since the login began. Throws TimeOver. */
  async messages(count: number): Promise<void> {
    for (;;) {
      this.read();
      if (this.#messages >= count) return;
      this.#deadline.check();
      await nextTurn();
    }
  }

  /** RFC 6120 sections 6 and 7, the roster, then initial presence. Throws TimeOver. */
  async login({ domain, user, password, mechanism, resource }: Login): Promise<void> {
    const open = xml`<open xmlns="${NS.FRAMING}" to="${domain}" version="1.0"/>`.text;
    await this.#ask(open, "features>");
    // The account is there, so this is answered before any keys are made.
    const account = xml`<username>${user}</username><password>${password}</password>`;
    const register = xml`<query xmlns="${NS.REGISTER}">${account}</query>`;
    await this.#ask(xml`<iq xmlns="${NS.CLIENT}" type="set" id="r1" to="${domain}">${register}</iq>`.text, "r1");
    if (mechanism === "PLAIN") await this.#plain(user, password);
    else await this.#scram(new ScramClient(user, password));
    await this.#ask(open, "features>");
    const bind = xml`<bind xmlns="${NS.BIND}"><resource>${resource}</resource></bind>`;
    await this.#ask(xml`<iq xmlns="${NS.CLIENT}" type="set" id="b1">${bind}</iq>`.text, "b1");
    await this.#ask(xml`<iq xmlns="${NS.CLIENT}" type="get" id="q1"><query xmlns="${NS.ROSTER}"/></iq>`.text, "q1");
    this.send(xml`<presence xmlns="${NS.CLIENT}"/>`.text);
    const ping = xml`<ping xmlns="${NS.PING}"/>`;
    await this.#ask(xml`<iq xmlns="${NS.CLIENT}" type="get" id="p1" to="${domain}">${ping}</iq>`.text, "p1");
  }

  close(): void {
    this.send(xml`<close xmlns="${NS.FRAMING}"/>`.text);
    this.#handler.close(this.#raw, NORMAL_CLOSURE, "");
  }

  async #plain(user: string, password: string): Promise<void> {
    const plain = Buffer.from(`\0${user}\0${password}`).toString("base64");
    await this.#ask(xml`<auth xmlns="${NS.SASL}" mechanism="PLAIN">${plain}</auth>`.text, "<success");
  }

  async #scram(scram: ScramClient): Promise<void> {
    const auth = xml`<auth xmlns="${NS.SASL}" mechanism="SCRAM-SHA-256">${scram.first}</auth>`;
    const challenge = await this.#ask(auth.text, "<challenge");
    const response = scram.answer(challenge.replace(/<[^>]*>/g, ""));
    await this.#ask(xml`<response xmlns="${NS.SASL}">${response}</response>`.text, "<success");
  }

  #ask(text: string, answer: string): Promise<string> {
    this.send(text);
    return this.until(answer);
  }
}

/** What the app's fetch() is given of Bun's server. */
class UpgradingServer {
  data: unknown;

  upgrade(_request: Request, options: { readonly data: unknown }): boolean {
    this.data = options.data;
    return true;
  }

  requestIP(): { readonly address: string } {
    return { address: ADDRESS };
  }
}

/** After the events at hand: what they sent has left by then. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
