/** @xmpp/client with a record of what it sends and receives, and its connection in hand. @module */
import { type Client, client, type Element, xml } from "@xmpp/client";
import { NS } from "../../xmpp/ns.ts";
import { Element as Tree } from "../../xmpp/xml/element.ts";
import { waitFor } from "../transport/fake_carrier.ts";

export type { Element };

export interface FastToken {
  readonly mechanism: string;
  readonly token: string;
  readonly expiry: string;
}

export interface XmppJsOptions {
  readonly service: string;
  readonly username: string;
  readonly password: string;
  readonly resource?: string;
  /** The id of its user agent; one of its own where it is left out. */
  readonly userAgent?: string;
  readonly token?: FastToken;
}

/** What there is besides what scripts/demo/xmpp_client.d.ts tells. */
interface Internals {
  readonly socket: { readonly socket: { destroy?(): void; terminate?(): void; close(): void } } | null;
  readonly streamManagement: { enabled: boolean; id: string };
  readonly reconnect: { delay: number; scheduleReconnect(): void; stop(): void };
  readonly bind2: { use(ns: string, ask: () => Element): void };
  readonly fast: { fetch(): Promise<FastToken>; saveToken(token: FastToken): Promise<void> };
}

const RECONNECT_MS = 10;

export class XmppJs {
  readonly client: Client & Internals;
  jid = "";
  /** The last that the server has given. */
  token: FastToken | undefined;
  #sent: Element[] = [];
  #received: Element[] = [];
  #opened = 0;

  constructor({ userAgent, token, ...options }: XmppJsOptions) {
    const id = userAgent ?? crypto.randomUUID();
    this.client = client({ ...options, domain: "localhost", userAgent: xml("user-agent", { id }) } as never) as never;
    this.client.reconnect.stop();
    this.client.reconnect.delay = RECONNECT_MS;
    this.client.on("error", () => {});
    this.client.on("send", (element: Element) => this.#sent.push(element));
    this.client.on("open", () => this.#opened++);
    this.client.on("element", (element: Element) => this.#received.push(element));
    this.#keepToken(token);
  }

  #keepToken(token: FastToken | undefined): void {
    this.token = token;
    Object.assign(this.client.fast, {
      saveToken: async (given: FastToken) => {
        this.token = given;
      },
      fetchToken: async () => this.token,
      deleteToken: async () => {
        this.token = undefined;
      },
    });
  }

  async start(): Promise<void> {
    this.jid = (await this.client.start()).toString();
    // Tokens and what follows success are taken in after "online".
    await waitFor(() => this.receivedNames().at(-1) === "features" && this.#hasToken());
  }

  #hasToken(): boolean {
    const given = this.success()?.getChild("token", NS.FAST);
    return given === undefined || this.token?.token === given.attrs.token;
  }

  async stop(): Promise<void> {
    if (this.client.status !== "offline") await this.client.stop();
  }

  /** As a network that is gone: no end of stream. */
  cut(): void {
    const { socket } = this.client.socket!;
    if (socket.terminate !== undefined) socket.terminate();
    else if (socket.destroy !== undefined) socket.destroy();
    else socket.close();
  }

  /** Forgets the record. */
  forget(): void {
    this.#sent = [];
    this.#received = [];
  }

  send(text: string): Promise<void> {
    const { name, attributes } = Tree.parse(text);
    return this.client.send(xml(name, attributes));
  }

  chat(to: string, body: string): Promise<void> {
    return this.client.send(xml("message", { to, type: "chat" }, xml("body", {}, body)));
  }

  ping(): Element {
    return xml("ping", { xmlns: NS.PING });
  }

  async message(body: string): Promise<Element> {
    const find = () => this.#received.find((element) => element.getChildText("body") === body);
    await waitFor(() => find() !== undefined);
    return find()!;
  }

  /** The child of a stanza. */
  async child(name: string, ns: string): Promise<Element> {
    const find = () => this.#received.flatMap((element) => element.getChild(name, ns) ?? [])[0];
    await waitFor(() => find() !== undefined);
    return find()!;
  }

  /** Without STARTTLS, as all that follows. */
  sentNames(): string[] {
    return this.#sent.map((element) => element.getName()).filter((name) => name !== "starttls");
  }

  receivedNames(): string[] {
    const proceed = this.#received.findLastIndex((element) => element.is("proceed", NS.TLS));
    return this.#received.slice(proceed + 1).map((element) => element.getName());
  }

  /** How many streams it has opened. */
  opened(): number {
    return this.#opened;
  }

  /** With which it has tried to log in. */
  mechanisms(): (string | undefined)[] {
    return this.#sent.filter((element) => element.is("authenticate", NS.SASL2)).map(({ attrs }) => attrs.mechanism);
  }

  /** With which it was refused. */
  conditions(): string[] {
    const failures = this.#received.filter((element) => element.is("failure", NS.SASL2));
    return failures.map(({ children }) => (children[0] as Element).getName());
  }

  /** The latest. */
  success(): Element | undefined {
    return this.#received.findLast((element) => element.is("success", NS.SASL2));
  }
}
