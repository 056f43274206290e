/** The incoming half of an authenticated stream: checks addresses, counts what is handled, reads no faster than it may. @module */
import type { Inbound } from "../../destinations/federation/links.ts";
import { StreamError } from "../../xmpp/errors.ts";
import { Jid } from "../../xmpp/jid.ts";
import type { Log } from "../../xmpp/log.ts";
import { NS } from "../../xmpp/ns.ts";
import { type Stanza, StanzaError } from "../../xmpp/stanza.ts";
import type { ScannedElement } from "../../xmpp/xml/scanned_element.ts";
import type { DomainBudget } from "./domain_budget.ts";
import { HandledCount } from "./handled_count.ts";
import type { OpenQuestions } from "./open_questions.ts";
import type { S2sSettings } from "./s2s_settings.ts";
import { type ContentNamespace, readServerStanza } from "./server_stanza.ts";
import type { Wire } from "./wire.ts";

export interface ReceiverParts {
  readonly wire: Wire;
  readonly inbound: Inbound;
  readonly questions: OpenQuestions;
  readonly budget: Pick<DomainBudget, "charge">;
  readonly settings: Pick<S2sSettings, "domains" | "xmlLimits" | "waitingStanzas" | "waitingUnits">;
  readonly schedule: (ms: number, task: () => void) => () => void;
  readonly log: Log;
  /** Whether stanzas from the first domain to the second may come on this stream. */
  readonly isAuthenticated: (from: string, to: string) => boolean;
  /** The namespace of the content: jabber:server unless given. */
  readonly content?: ContentNamespace;
  /** Whether it may write to that domain; otherwise its stream stays, and the stanza is answered. Without: to those served here alone. */
  readonly reaches?: (domain: string) => boolean;
  /** Sends an answer of this server. */
  readonly answer: (stanza: Stanza) => void;
}

/** Longest wait of `<r/>` for stanzas that are not handled yet. */
const ANSWER_MS = 2000;
const MODULUS = 2 ** 32;

export class StanzaReceiver {
  readonly #parts: ReceiverParts;
  readonly #count = new HandledCount(() => this.#onProgress());
  /** Why nothing is read. */
  readonly #holds = new Set<"rate" | "work">();
  #openUnits = 0;
  /** An `<r/>` waits until this many are handled. */
  #answerAt: number | undefined;
  #stopAnswer: (() => void) | undefined;
  #sm = false;
  /** Stanzas that had come when XEP-0198 was enabled. */
  #before = 0;
  #ended = false;

  constructor(parts: ReceiverParts) {
    this.#parts = parts;
  }

  get received(): number {
    return this.#count.received;
  }

  /** The peer has enabled XEP-0198: counting begins. */
  enable(): void {
    this.#sm = true;
    this.#before = this.#count.received;
  }

  /** Throws StreamError. */
  receive(element: ScannedElement): void {
    const stanza = this.#read(element);
    const handled = this.#count.add();
    const from = stanza?.from?.domain;
    if (stanza !== undefined && !this.#parts.questions.takes(stanza)) this.#pass(stanza, element.text.length, handled);
    else handled();
    const { waitingStanzas, waitingUnits } = this.#parts.settings;
    if (this.#isFull(waitingStanzas, waitingUnits)) this.#pause("work");
    if (from !== undefined) this.charge(from, element.text.length);
  }

  /** Takes an element into the account of its domain, which may not be read for some time then. */
  charge(domain: string, units: number): void {
    const { budget, schedule } = this.#parts;
    const ms = budget.charge(domain, units);
    if (ms === 0) return;
    this.#pause("rate");
    schedule(ms, () => this.#release("rate"));
  }

  /** `<r/>`: the answer waits for what is on its way to the disk, so that it says as much as it can. */
  requested(): void {
    if (!this.#sm) return;
    this.#answerAt = this.#count.received;
    if (this.#count.open === 0) return this.#answer();
    this.#stopAnswer ??= this.#parts.schedule(ANSWER_MS, () => this.#answer());
  }

  end(): void {
    this.#ended = true;
    this.#stopAnswer?.();
  }

  /** Undefined: it was answered with an error. */
  #read(element: ScannedElement): Stanza | undefined {
    try {
      const stanza = readServerStanza(element, this.#parts.settings.xmlLimits, this.#parts.content);
      this.#check(stanza);
      return stanza;
    } catch (error) {
      if (!(error instanceof StanzaError) || error.stanza === undefined) throw error;
      this.#refuse(error, error.stanza);
      return undefined;
    }
  }

  /** RFC 6120 section 8.1.1.2 and 8.1.2.2. */
  #check(stanza: Stanza): void {
    const { from, to } = stanza;
    const { settings, isAuthenticated, reaches } = this.#parts;
    if (from === undefined || to === undefined) throw new StreamError("improper-addressing");
    if (reaches === undefined && !settings.domains.includes(to.domain)) throw new StreamError("host-unknown");
    if (!isAuthenticated(from.domain, to.domain)) throw new StreamError("invalid-from");
    if (reaches?.(to.domain) === false) throw new StanzaError("remote-server-not-found", { stanza });
  }

  /** An address that cannot be read or reached. That of the recipient may be the fault of one user, so the stream goes on. */
  #refuse(error: StanzaError, stanza: Stanza): void {
    const { from, type } = stanza;
    const domain = this.#parts.settings.domains.find(
      (to) => from !== undefined && this.#parts.isAuthenticated(from.domain, to),
    );
    if (from === undefined || domain === undefined) throw new StreamError("improper-addressing");
    this.#parts.log.info("stanza refused", { from: from.text, error: error.condition });
    if (type === "error" || (stanza.name === "iq" && type === "result")) return;
    this.#parts.answer(stanza.error(error, stanza.to ?? Jid.parse(domain)));
  }

  #pass(stanza: Stanza, units: number, handled: () => void): void {
    this.#openUnits += units;
    let isOpen = true;
    this.#parts.inbound.received(stanza, () => {
      if (!isOpen) return;
      isOpen = false;
      this.#openUnits -= units;
      handled();
      this.#release("work");
    });
  }

  #isFull(stanzas: number, units: number): boolean {
    return this.#count.open > stanzas || this.#openUnits > units;
  }

  #pause(reason: "rate" | "work"): void {
    this.#holds.add(reason);
    this.#parts.wire.pause();
  }

  #release(reason: "rate" | "work"): void {
    const { waitingStanzas, waitingUnits } = this.#parts.settings;
    if (reason === "work" && this.#isFull(waitingStanzas / 2, waitingUnits / 2)) return;
    if (this.#holds.delete(reason) && this.#holds.size === 0) this.#parts.wire.resume();
  }

  #onProgress(): void {
    if (this.#answerAt !== undefined && this.#count.handled >= this.#answerAt) this.#answer();
  }

  #answer(): void {
    this.#stopAnswer?.();
    this.#stopAnswer = undefined;
    this.#answerAt = undefined;
    if (this.#ended) return;
    const h = Math.max(0, this.#count.handled - this.#before) % MODULUS;
    this.#parts.wire.send(`<a xmlns="${NS.SM}" h="${h}"/>`);
  }
}
