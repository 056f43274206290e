/** @xmpp/client over WebSocket. @module */
import { type Client, client, type Element, xml } from "@xmpp/client";
import { NS } from "../../xmpp/ns.ts";
import { type Account, Person } from "./person.ts";

const RECONNECT_MS = 20;

export class XmppJsPerson extends Person {
  mechanism: string | undefined;
  readonly #client: Client & { readonly reconnect: { delay: number } };
  #onlineCount = 0;

  constructor(account: Account) {
    super(account);
    const [username, domain] = account.jid.split("@") as [string, string];
    const { webSocketUrl: service, password, resource } = account;
    this.#client = client({ service, domain, username, password, resource }) as never;
    this.#client.reconnect.delay = RECONNECT_MS;
    // A connection that breaks shows here; the client comes back by itself.
    this.#client.on("error", () => {});
    this.#client.on("online", () => this.#onlineCount++);
    (
      this.#client as unknown as { streamManagement: { on(event: string, handle: () => void): void } }
    ).streamManagement.on("resumed", () => this.#onlineCount++);
    this.#client.on("send", (element: Element) => {
      if (element.is("auth", NS.SASL) || element.is("authenticate", NS.SASL2)) this.mechanism = element.attrs.mechanism;
    });
    this.#client.on("stanza", (stanza: Element) => this.#onStanza(stanza));
  }

  #onStanza(stanza: Element): void {
    const { from = "", type } = stanza.attrs;
    if (stanza.is("presence")) this.presences.push({ from, type: type ?? "available" });
    const body = stanza.getChildText("body");
    if (stanza.is("message") && body !== null) {
      this.messages.push({ from, body, delayed: stanza.getChild("delay", NS.DELAY) !== undefined });
    }
  }

  async login(): Promise<void> {
    await this.#client.start();
    await this.roster();
    await this.#client.send(xml("presence"));
  }

  async logout(): Promise<void> {
    await this.#client.stop();
  }

  async recovers(): Promise<void> {
    const before = this.#onlineCount;
    while (this.#onlineCount === before) await new Promise((resolve) => setTimeout(resolve, 5));
    await this.#client.send(xml("presence"));
  }

  async roster(): Promise<Readonly<Record<string, string>>> {
    const query = await this.#client.iqCaller.get(xml("query", { xmlns: NS.ROSTER }));
    const items = query?.children.filter((child) => typeof child !== "string") ?? [];
    return Object.fromEntries(items.map(({ attrs }) => [attrs.jid, attrs.subscription]));
  }

  subscribe(to: string): void {
    void this.#client.send(xml("presence", { to, type: "subscribe" }));
  }

  approve(from: string): void {
    void this.#client.send(xml("presence", { to: from, type: "subscribed" }));
  }

  say(to: string, body: string): void {
    void this.#client.send(xml("message", { to, type: "chat" }, xml("body", {}, body)));
  }
}
