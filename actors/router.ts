/** Brings each stanza to the destination that serves its domain. RFC 6120 section 10. @module */
import type { Outcome } from "../amp/outcome.ts";
import { StanzaError } from "../xmpp/errors.ts";
import type { Stanza } from "../xmpp/stanza.ts";
import { countRefusal } from "./count_refusal.ts";
import type { Envelope } from "./delivery/delivery_letter.ts";
import { answerUnserved } from "./delivery/first_answers.ts";
import type { Destination, QueuedDomain } from "./destination.ts";
import type { Finding } from "./finding.ts";
import type { HandedMessages } from "./handed_messages.ts";
import { explainPlan, judge } from "./judge.ts";
import type { Node } from "./node.ts";
import { finish, tellFinding } from "./post.ts";

const UNKNOWN: Finding = { kind: "unknown" };
const NO_ROUTE: Finding = { kind: "refused", condition: "remote-server-not-found" };

export class Router {
  readonly #node: Node;
  /** The accounts of this server. */
  readonly #own: Destination;
  readonly #destinations: readonly Destination[];
  readonly #handed: HandedMessages;

  constructor(node: Node, own: Destination, others: readonly Destination[], handed: HandedMessages) {
    this.#node = node;
    this.#own = own;
    this.#destinations = [own, ...others];
    this.#handed = handed;
  }

  serves(domain: string): boolean {
    return this.#find(domain) !== undefined;
  }

  /** Of service discovery. */
  items(): readonly string[] {
    return this.#destinations.flatMap((destination) => destination.items?.() ?? []);
  }

  isRemote(domain: string): boolean {
    return this.#find(domain)?.isRemote === true;
  }

  /** The far end of a queue that is opened on demand. */
  hop(domain: string): QueuedDomain | undefined {
    return this.#find(domain)?.hop?.(domain);
  }

  dispatch(envelope: Envelope): void {
    const destination = this.#find(envelope.stanza.to!.domain);
    if (destination === undefined) return refuse(this.#node, envelope, "remote-server-not-found");
    const { stanza, notice } = envelope;
    if (destination.plan === undefined || stanza.name !== "message" || notice) {
      return this.#hand(destination, envelope);
    }
    try {
      judge(this.#node, envelope, destination.plan(stanza), (passed) => this.#hand(destination, passed));
    } catch (error) {
      this.#failed(envelope, error);
    }
  }

  /** Has who would take the message say what would become of it. */
  explain(envelope: Envelope, forward: boolean): void {
    const node = this.#node;
    const { stanza } = envelope;
    const { domain } = stanza.to!;
    const destination = this.#find(domain);
    if (destination === undefined) return tellFinding(node, envelope, NO_ROUTE);
    if (destination.explain !== undefined) return destination.explain(envelope, forward);
    tellFinding(node, envelope, destination.plan ? explainPlan(node, envelope, destination.plan(stanza)) : UNKNOWN);
  }

  /** What a destination throws is its own: others go on, and the sender learns that it did not take the stanza. */
  #hand(destination: Destination, envelope: Envelope): void {
    if (destination === this.#own) return this.#give(destination, envelope);
    this.#handed.hand(envelope, () => this.#give(destination, envelope));
  }

  #give(destination: Destination, envelope: Envelope): void {
    try {
      const taken: unknown = destination.accept(envelope);
      if (taken instanceof Promise) taken.catch((error) => this.#failed(envelope, error));
    } catch (error) {
      this.#failed(envelope, error);
    }
  }

  #failed(envelope: Envelope, error: unknown): void {
    const { to, id } = envelope.stanza;
    this.#handed.remove(envelope);
    this.#node.log.error("destination failed", { domain: to!.domain, stanza: id, error });
    refuse(this.#node, envelope, "internal-server-error");
  }

  #find(domain: string): Destination | undefined {
    const destinations = this.#destinations;
    for (let i = 0; i < destinations.length; i++) if (destinations[i]!.serves(domain)) return destinations[i];
    return undefined;
  }
}

/** There is nobody to take it. */
export function refuse(
  node: Node,
  { stanza, notice, via, replyTo }: Envelope,
  condition: "remote-server-not-found" | "service-unavailable" | "internal-server-error" | "resource-constraint",
): void {
  const silent =
    stanza.type === "error" ||
    stanza.type === "result" ||
    // Who asks a contact that cannot be reached would wait for ever; presence that is broadcast goes out unasked.
    (stanza.name === "presence" && stanza.type !== "subscribe") ||
    notice ||
    via.length > 0;
  if (!silent && stanza.from !== undefined) answer(node, stanza, new StanzaError(condition));
  const outcome: Outcome = { kind: "none", condition };
  finish(node, replyTo, outcome);
}

function answer(node: Node, stanza: Stanza, error: StanzaError): void {
  const ordinary = stanza.error(error);
  const replies = stanza.name === "message" ? answerUnserved(stanza, node, ordinary) : [ordinary];
  for (const reply of replies) {
    countRefusal(node.meters, reply);
    node.route(reply, { notice: reply !== ordinary });
  }
}
