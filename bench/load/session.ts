/** One client session: logs in with SASL PLAIN and binds, then gives whatever comes to its role. @module */
import { NS } from "../../xmpp/ns.ts";
import { xml } from "../../xmpp/xml/xml.ts";
import { ClientSocket, type Endpoint } from "./client_socket.ts";

export const DOMAIN = "localhost";
export const PASSWORD = "load-test-password";

/** What happens to a session that has logged in. */
export interface Role {
  /** One message stanza; the bytes are valid only during the call. */
  message(bytes: Buffer, start: number, end: number): void;
  /** The answer to an own request. */
  answer?(id: string, text: string): void;
  /** All of one read has been given. */
  read?(): void;
}

type Step = "connecting" | "header" | "authentication" | "bound" | "binding" | "entering" | "ready";

const IDLE: Role = { message: () => {} };
const LOWER_M = 0x6d;
const LOWER_I = 0x69;
const ENTERED = "entered";

export class Session {
  readonly jid: string;
  readonly socket: ClientSocket;
  role: Role = IDLE;
  readonly #endpoint: Endpoint;
  readonly #user: string;
  readonly #available: boolean;
  readonly #done: (session: Session, fault?: string) => void;
  #step: Step = "connecting";
  #isFirstHeader = true;

  /** `available`: it sends initial presence, and `done` is called when that has been handled. */
  constructor(endpoint: Endpoint, user: string, available: boolean, done: (session: Session, fault?: string) => void) {
    this.#endpoint = endpoint;
    this.#user = user;
    this.#available = available;
    this.#done = done;
    this.jid = `${user}@${DOMAIN}/load`;
    this.socket = new ClientSocket(endpoint, {
      opened: () => this.#sendHeader(),
      element: (bytes, start, end) => this.#onElement(bytes, start, end),
      read: () => this.role.read?.(),
      lost: (reason) => this.#onLost(reason),
    });
  }

  connect(): void {
    this.socket.connect();
  }

  /** Initial presence of a session that was made without. */
  enter(): void {
    this.socket.send(xml`<presence xmlns="${NS.CLIENT}"/>`.text);
  }

  /** An orderly end. */
  leave(): void {
    this.socket.send(this.#endpoint.transport === "ws" ? xml`<close xmlns="${NS.FRAMING}"/>`.text : "</stream:stream>");
    this.socket.close();
  }

  #onElement(bytes: Buffer, start: number, end: number): void {
    if (this.#step === "ready") {
      const letter = bytes[start + 1];
      if (letter === LOWER_M) return this.role.message(bytes, start, end);
      if (letter === LOWER_I) this.#onIq(bytes.toString("latin1", start, end));
      return;
    }
    if (this.#step === "entering" && bytes[start + 1] === LOWER_M) return this.role.message(bytes, start, end);
    this.#negotiate(bytes.toString("latin1", start, end));
  }

  #onIq(text: string): void {
    const id = / id=["']([^"']*)["']/.exec(text)?.[1] ?? "";
    if (/ type=["']get["']/.test(text)) {
      this.socket.send(xml`<iq xmlns="${NS.CLIENT}" type="result" id="${id}"/>`.text);
    } else this.role.answer?.(id, text);
  }

  #negotiate(text: string): void {
    if (text.startsWith("<failure") || text.startsWith("<stream:error")) return this.#onLost(text);
    switch (this.#step) {
      case "header":
        if (text.includes("features")) this.#onFeatures();
        return;
      case "authentication":
        if (text.startsWith("<success")) this.#sendHeader();
        return;
      case "binding":
        if (!text.startsWith("<iq")) return;
        if (!text.includes("</jid>")) return this.#onLost(text);
        return this.#onBound();
      case "entering":
        if (text.startsWith("<iq") && text.includes(ENTERED)) this.#onReady();
        return;
    }
  }

  #sendHeader(): void {
    this.#step = "header";
    this.socket.send(
      this.#endpoint.transport === "ws"
        ? xml`<open xmlns="${NS.FRAMING}" to="${DOMAIN}" version="1.0"/>`.text
        : xml`<?xml version="1.0"?><stream:stream xmlns="${NS.CLIENT}" xmlns:stream="${NS.STREAM}" to="${DOMAIN}" version="1.0">`
            .text,
    );
  }

  #onFeatures(): void {
    if (this.#isFirstHeader) {
      this.#isFirstHeader = false;
      this.#step = "authentication";
      const plain = Buffer.from(`\0${this.#user}\0${PASSWORD}`).toString("base64");
      this.socket.send(xml`<auth xmlns="${NS.SASL}" mechanism="PLAIN">${plain}</auth>`.text);
      return;
    }
    this.#step = "binding";
    const bind = xml`<bind xmlns="${NS.BIND}"><resource>load</resource></bind>`;
    this.socket.send(xml`<iq xmlns="${NS.CLIENT}" type="set" id="bind">${bind}</iq>`.text);
  }

  #onBound(): void {
    if (!this.#available) return this.#onReady();
    this.#step = "entering";
    this.enter();
    this.socket.send(
      xml`<iq xmlns="${NS.CLIENT}" type="get" id="${ENTERED}" to="${DOMAIN}"><ping xmlns="${NS.PING}"/></iq>`.text,
    );
  }

  #onReady(): void {
    this.#step = "ready";
    this.#done(this);
  }

  #onLost(reason: string): void {
    this.socket.close();
    this.#done(this, `${this.#user} at ${this.#step}: ${reason}`);
  }
}
