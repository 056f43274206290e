/** The destination of the domains that are served here: their accounts, and the server itself. RFC 6120 section 10.5. @module */
import type { Stanza } from "../xmpp/stanza.ts";
import { countRefusal } from "./count_refusal.ts";
import type { Envelope } from "./delivery/delivery_letter.ts";
import type { Destination } from "./destination.ts";
import type { Node } from "./node.ts";
import { tellAccepted, tellFinding } from "./post.ts";
import { refuse } from "./router.ts";

export class Accounts implements Destination {
  readonly #node: Node;

  constructor(node: Node) {
    this.#node = node;
  }

  serves(domain: string): boolean {
    return this.#node.isLocal(domain);
  }

  /** The recipient's delivery judges the rules: it alone knows the plan. */
  accept(envelope: Envelope): void {
    const to = envelope.stanza.to!;
    if (to.local === "") return this.#toServer(envelope);
    this.#node.user(to.bare).delivery.tell(envelope);
  }

  explain(envelope: Envelope, forward: boolean): void {
    const to = envelope.stanza.to!;
    if (to.local === "")
      return tellFinding(this.#node, envelope, { kind: "refused", condition: "service-unavailable" });
    this.#node.user(to.bare).delivery.tell({ kind: "explain", envelope, forward });
  }

  #toServer(envelope: Envelope): void {
    const node = this.#node;
    const { stanza, replyTo } = envelope;
    if (stanza.name === "presence" || stanza.from === undefined) return tellAccepted(node, replyTo);
    if (stanza.name === "message") return refuse(node, envelope, "service-unavailable");
    if (stanza.type !== "get" && stanza.type !== "set") return;
    const answer = node.registry.answerServer(stanza, node.context);
    const tell = (reply: Stanza) => {
      countRefusal(node.meters, reply);
      node.route(reply);
    };
    if (!(answer instanceof Promise)) return tell(answer);
    answer.then(tell).catch((error) => node.log.error("cannot answer request", { id: stanza.id, error }));
  }
}
