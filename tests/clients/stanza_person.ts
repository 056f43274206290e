/** stanza over WebSocket or BOSH. @module */
import { type Agent, createClient } from "stanza";
import { type Account, Person } from "./person.ts";

export class StanzaPerson extends Person {
  mechanism: string | undefined;
  readonly #client: Agent;
  #sessions = 0;

  constructor(account: Account, transport: "websocket" | "bosh") {
    super(account);
    const { jid, password, resource, webSocketUrl, boshUrl } = account;
    this.#client = createClient({
      jid,
      password,
      resource,
      transports:
        transport === "websocket" ? { websocket: webSocketUrl, bosh: false } : { websocket: false, bosh: boshUrl },
      autoReconnect: true,
      maxReconnectBackoff: 0.05,
    });
    this.#listen();
  }

  #listen(): void {
    const client = this.#client;
    client.on("session:started", () => this.#sessions++);
    client.on("stream:management:resumed", () => this.#sessions++);
    client.on("raw:outgoing", (text) => {
      this.mechanism = /<auth [^>]*mechanism="([^"]*)"/.exec(String(text))?.[1] ?? this.mechanism;
    });
    client.on("presence", ({ from, type }) => this.presences.push({ from: from ?? "", type: type ?? "available" }));
    client.on("message", ({ from, body, delay }) => {
      if (body !== undefined) this.messages.push({ from: from ?? "", body, delayed: delay !== undefined });
    });
  }

  async login(): Promise<void> {
    this.#client.connect();
    await this.#session();
    await this.#client.getRoster();
    this.#client.sendPresence();
  }

  async #session(): Promise<void> {
    const before = this.#sessions;
    while (this.#sessions === before) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  async logout(): Promise<void> {
    const gone = new Promise<void>((resolve) => this.#client.once("disconnected", () => resolve()));
    this.#client.disconnect();
    await gone;
  }

  async recovers(): Promise<void> {
    await this.#session();
    this.#client.sendPresence();
  }

  async roster(): Promise<Readonly<Record<string, string>>> {
    const { items = [] } = await this.#client.getRoster();
    return Object.fromEntries(items.map(({ jid, subscription }) => [jid, subscription ?? "none"]));
  }

  subscribe(to: string): void {
    this.#client.subscribe(to);
  }

  approve(from: string): void {
    this.#client.acceptSubscription(from);
  }

  say(to: string, body: string): void {
    this.#client.sendMessage({ to, body, type: "chat" });
  }
}
