/** Juliet uses @xmpp/client over WebSocket. @module */
import { type Client, client, type Element, xml } from "@xmpp/client";
import {
  type AmpOutcome,
  type AmpRule,
  createAmp,
  createTimelines,
  forXmppClient,
  timelinesOfXmppClient,
} from "../../client/mod.ts";
import { NS } from "../../xmpp/ns.ts";
import { Player } from "./player.ts";

const REPORT_MS = 5000;

export class Juliet extends Player {
  readonly #client: Client;
  readonly #amp: ReturnType<typeof createAmp<Element>>;
  readonly #timelines: ReturnType<typeof createTimelines>;

  constructor(service: string, password: string) {
    super("juliet");
    this.#client = client({ service, domain: "localhost", username: this.name, password, resource: "balcony" });
    this.#client.on("stanza", (stanza: Element) => this.receive(stanza.toString()));
    // A fault shows as a message that never arrives.
    this.#client.on("error", (error: Error) => console.error("juliet:", error.message));
    this.#amp = createAmp<Element>(forXmppClient(this.#client), { timeoutMs: REPORT_MS });
    this.#timelines = createTimelines(timelinesOfXmppClient(this.#client, xml));
  }

  async login(): Promise<void> {
    await this.#client.start();
    // RFC 6121 2.2: only a client that has requested the roster gets subscription stanzas.
    await this.#client.iqCaller.get(xml("query", { xmlns: NS.ROSTER }));
    await this.#client.send(xml("presence"));
  }

  async logout(): Promise<void> {
    await this.#client.stop();
  }

  async sendPresence(type: "subscribe" | "subscribed", to: string): Promise<void> {
    await this.#client.send(xml("presence", { type, to }));
  }

  async write(id: string, to: string, body: string): Promise<void> {
    await this.#client.send(messageOf(id, to, body));
  }

  /** Resolves with what she is told about it. */
  writeWithRules(id: string, to: string, body: string, rules: readonly AmpRule[]): Promise<AmpOutcome> {
    return this.#amp.send(messageOf(id, to, body), rules);
  }

  /** What happens to it, step by step, until it is settled. */
  async follows(id: string, to: string): Promise<readonly string[]> {
    const kinds: string[] = [];
    for await (const { kind, by } of this.#timelines.follow({ stanza: id, to })) {
      kinds.push(by === undefined ? kind : `${kind} (${by})`);
    }
    return kinds;
  }
}

function messageOf(id: string, to: string, body: string): Element {
  return xml("message", { id, to, type: "chat" }, xml("body", {}, body));
}
