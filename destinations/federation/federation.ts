/**
 * The destination of all other domains: their servers. A message waits in the durable queue of its domain until the next server has
 * proved that it has it; presence and IQ go at once or not at all. RFC 6120 section 10.4, XEP-0079 2.1.2 and 2.2.4.
 * @module
 */

import type { Envelope } from "../../actors/delivery/delivery_letter.ts";
import { isEphemeral } from "../../actors/delivery/ephemeral.ts";
import type { Destination, DestinationContext, QueuedDomain } from "../../actors/destination.ts";
import { type HopAnswer, type HopMessage, UnprovedError } from "../../actors/hop/hop.ts";
import { ampElement } from "../../amp/reply.ts";
import type { Rule } from "../../amp/rule.ts";
import { StanzaError, type StanzaErrorCondition } from "../../xmpp/errors.ts";
import { Jid } from "../../xmpp/jid.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import { AmpSupport } from "./amp_support.ts";
import { Arrivals, arrivalMark } from "./arrivals.ts";
import { type Inbound, LinkError, type LinkFault, type Links } from "./links.ts";
import { reportKind } from "./reports.ts";
import { Shares } from "./shares.ts";
import { Unanswered } from "./unanswered.ts";

export interface FederationSettings {
  readonly retryMs: number;
  /**
   * What of rules is decided here where the server of that domain processes none: `local` as much as can be, `strict` nothing. `gateway`:
   * all, since it counts as a gateway then (XEP-0079 3.3.1).
   */
  ampMode(domain: string): "strict" | "local" | "gateway";
  readonly queueMessages: number;
  readonly queueBytes: number;
  /** Domains with a queue at a time. */
  readonly queues: number;
  readonly answerMs: number;
  readonly openRequests: number;
}

export interface FederationParts {
  readonly links: Links;
  readonly settings: FederationSettings;
  /** Whether that domain may be spoken to. */
  mayReach(domain: string): boolean;
  isOwn(domain: string): boolean;
  /** Domains for service discovery. */
  items?(): readonly string[];
}

/** For all that one attempt takes: to find the server, to negotiate a stream, to prove receipt. */
const ATTEMPT_MS = 180_000;
const LONGEST_PAUSE_MS = 300_000;
const ATTEMPTS_AT_ONCE = 64;
/** Stanzas without a queue that are being sent; beyond it they are refused. */
const MOST_UNQUEUED = 10_000;

const CONDITIONS: Readonly<Record<LinkFault, StanzaErrorCondition>> = {
  "not-found": "remote-server-not-found",
  unreachable: "remote-server-timeout",
  unproved: "remote-server-timeout",
  invalid: "internal-server-error",
  denied: "policy-violation",
};

export class Federation implements Destination, Inbound {
  readonly isRemote = true;
  readonly #parts: FederationParts;
  /** By domain; one that was refused its queue has none. */
  readonly #queues = new Set<string>();
  #context!: DestinationContext;
  #support!: AmpSupport;
  #unanswered!: Unanswered;
  readonly #unqueued = new Shares(MOST_UNQUEUED);
  #arrivals!: Arrivals;
  /** What comes until then waits. */
  #loaded: Promise<void> | undefined;

  constructor(parts: FederationParts) {
    this.#parts = parts;
  }

  start(context: DestinationContext): void {
    const { settings } = this.#parts;
    this.#context = context;
    const { now, newId, schedule } = context;
    const send = (stanza: Stanza) => this.#parts.links.send(stanza, { proof: false });
    const silence = (domain: string) => (settings.ampMode(domain) === "gateway" ? "no" : "unreachable");
    this.#support = new AmpSupport({ now, newId, schedule, send, silence });
    this.#arrivals = new Arrivals({ keeper: context.arrivals, log: context.log, now });
    this.#loaded = this.#arrivals
      .load()
      .catch((error: unknown) => context.log.error("cannot read what has come from other servers", { error }))
      .finally(() => {
        this.#loaded = undefined;
      });
    this.#unanswered = new Unanswered({
      schedule,
      most: settings.openRequests,
      answerMs: settings.answerMs,
      late: (request) => context.route(request.error(new StanzaError("remote-server-timeout"))),
    });
  }

  stop(): void {
    this.#unanswered.clear();
    this.#queues.clear();
  }

  items(): readonly string[] {
    return this.#parts.items?.() ?? [];
  }

  serves(domain: string): boolean {
    return !this.#parts.isOwn(domain) && this.#parts.mayReach(domain);
  }

  hop(domain: string): QueuedDomain | undefined {
    const { settings } = this.#parts;
    if (!this.#queues.has(domain) && this.#queues.size >= settings.queues) return undefined;
    this.#queues.add(domain);
    const isGateway = () => settings.ampMode(domain) === "gateway" && this.#support.known(domain) !== true;
    return {
      closed: () => this.#queues.delete(domain),
      hop: { hand: (message, signal) => this.#hand(domain, message, signal) },
      options: {
        timeoutMs: ATTEMPT_MS,
        retryMs: settings.retryMs,
        get outcome() {
          return { kind: isGateway() ? "gateway" : "forwarded" } as const;
        },
        next: {
          longestPauseMs: LONGEST_PAUSE_MS,
          attempts: ATTEMPTS_AT_ONCE,
          messages: settings.queueMessages,
          bytes: settings.queueBytes,
          isGateway,
          decidesHere: () => settings.ampMode(domain) === "local" && this.#support.known(domain) === false,
        },
      },
    };
  }

  /** The queues of that domain and of those below it go on at once. */
  reachable(domain: string): void {
    for (const each of this.#queues) {
      if (each === domain || each.endsWith(`.${domain}`)) this.#context.reachable(each);
    }
  }

  // Out

  accept(envelope: Envelope): void {
    const { stanza } = envelope;
    if (stanza.name === "message" && !isEphemeral(stanza)) return this.#context.queue(envelope);
    const isRequest = stanza.name === "iq" && (stanza.type === "get" || stanza.type === "set");
    const sender = stanza.from!.bare.text;
    const isFull = this.#unqueued.isFull(sender) || (isRequest && this.#unanswered.isFull(stanza));
    if (isFull) return this.#refuse(envelope, "resource-constraint");
    if (isRequest) this.#unanswered.add(stanza);
    this.#unqueued.count(sender, 1);
    this.#parts.links
      .send(stanza, { proof: false })
      .then(() => this.#context.finish(envelope, { kind: "forwarded" }))
      .catch((error: unknown) => this.#failed(envelope, error))
      .finally(() => this.#unqueued.count(sender, -1));
  }

  explain(envelope: Envelope): void {
    this.#context.explainHop(envelope.stanza.to!.domain, envelope);
  }

  #failed(envelope: Envelope, error: unknown): void {
    const { stanza } = envelope;
    const fault = error instanceof LinkError ? error.fault : undefined;
    if (fault === undefined) this.#context.log.error("cannot send stanza", { domain: stanza.to!.domain, error });
    const isRequest = stanza.name === "iq" && (stanza.type === "get" || stanza.type === "set");
    // It has an answer already.
    if (isRequest && !this.#unanswered.drop(stanza)) return;
    this.#refuse(envelope, fault === undefined ? "internal-server-error" : CONDITIONS[fault]);
  }

  /** Who waits for an answer gets an error. Presence that nobody has asked for is lost silently, and nothing answers an answer. */
  #refuse(envelope: Envelope, condition: StanzaErrorCondition): void {
    const { stanza } = envelope;
    const isAnswer = stanza.type === "error" || stanza.type === "result";
    const isAsked = (stanza.name === "iq" && !isAnswer) || (stanza.name === "presence" && stanza.type === "subscribe");
    if (isAsked) this.#context.route(stanza.error(new StanzaError(condition)));
    this.#context.finish(envelope, { kind: "none", condition });
  }

  /** Throws where it is to be tried again. */
  async #hand(domain: string, message: HopMessage, signal: AbortSignal): Promise<HopAnswer> {
    const { links } = this.#parts;
    try {
      const { stanza } = message;
      const text = await this.#withRules(domain, message);
      if (text === undefined) return "no-rules";
      await links.send(text.with(arrivalMark(stanza.from!.domain, message.id)), { proof: true, signal });
      return "taken";
    } catch (error) {
      if (!(error instanceof LinkError) || error.fault === "unreachable") throw error;
      if (error.fault === "unproved") throw new UnprovedError(error.message);
      return { kind: "refused", condition: CONDITIONS[error.fault] };
    }
  }

  /** As the next server gets it; undefined: it gets nothing. */
  async #withRules(domain: string, { stanza, rules, onward }: HopMessage): Promise<Stanza | undefined> {
    if (rules === undefined) return stanza;
    if (await this.#support.has(domain, Jid.parse(stanza.from!.domain))) {
      if (onward === undefined) return stanza;
      return stanza.with(ampElement(onward.rules, onward.perHop, onward.sender, onward.recipient));
    }
    const mode = this.#parts.settings.ampMode(domain);
    const isDecided = mode === "gateway" || (mode === "local" && rules.rules.every(isDecidedHere));
    return isDecided ? stanza : undefined;
  }

  // In

  received(stanza: Stanza, handled: () => void): void {
    if (this.#loaded !== undefined) return void this.#loaded.then(() => this.received(stanza, handled));
    if (this.#support.take(stanza)) return handled();
    const kind = reportKind(stanza);
    if (kind === "forged" || this.#isUnasked(stanza)) {
      this.#context.log.warn("stanza of another server dropped", { from: stanza.from!.domain, kind: stanza.name });
      return handled();
    }
    const once = this.#arrivals.take(stanza, handled);
    if (once !== undefined) this.#context.receive(stanza, kind === "report", once);
  }

  /** An answer to a request that this server has answered in its place, or that nobody has sent. */
  #isUnasked(stanza: Stanza): boolean {
    const isAnswer = stanza.name === "iq" && (stanza.type === "result" || stanza.type === "error");
    return isAnswer && !this.#unanswered.take(stanza);
  }
}

/** The edge of the sender's side can tell: time, that it lies in the queue, that nothing delivers it. */
function isDecidedHere(rule: Rule): boolean {
  if (rule.condition === "expire-at") return true;
  return rule.condition === "deliver" && (rule.value === "none" || rule.value === "stored");
}
