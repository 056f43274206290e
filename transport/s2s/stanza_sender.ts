/** The outgoing half of an authenticated stream: what was sent, and what of it is proved (XEP-0198, else XEP-0199). @module */
import { LinkError } from "../../destinations/federation/links.ts";
import { StreamError } from "../../xmpp/errors.ts";
import { NS } from "../../xmpp/ns.ts";
import { xml } from "../../xmpp/xml/xml.ts";
import type { OpenQuestions } from "./open_questions.ts";
import type { Wire } from "./wire.ts";

/** A stanza on its way to another server. */
export interface Parcel {
  readonly text: string;
  readonly proof: boolean;
  /** The caller has given up. */
  isAbandoned(): boolean;
  /** Written, or proved where that is asked. */
  done(): void;
  failed(error: LinkError): void;
}

export interface SenderParts {
  readonly wire: Wire;
  readonly from: string;
  readonly to: string;
  readonly questions: OpenQuestions;
  readonly newId: () => string;
  readonly schedule: (ms: number, task: () => void) => () => void;
  readonly proofMs: number;
}

const MODULUS = 2 ** 32;
/** An answer may come before what it is about is durable there. */
const AGAIN_MS = 250;

export class StanzaSender {
  readonly #parts: SenderParts;
  #sm: boolean;
  /** Stanzas sent since XEP-0198 was enabled, or since the stream began. */
  #sent = 0;
  /** Of them, those that are proved. */
  #proved = 0;
  /** Parcels that want proof, by their number. */
  readonly #waiting: { readonly number: number; readonly parcel: Parcel }[] = [];
  /** A request for proof is out: it covers this many. */
  #asked: number | undefined;
  #pingId: string | undefined;
  #isPlanned = false;
  #stopTimer: (() => void) | undefined;
  #stopAsking: (() => void) | undefined;
  #ended = false;

  constructor(parts: SenderParts, sm: boolean) {
    this.#parts = parts;
    this.#sm = sm;
  }

  /** Sent and not proved. */
  get unproved(): number {
    return this.#waiting.length;
  }

  get sent(): number {
    return this.#sent;
  }

  send(parcel: Parcel): void {
    if (parcel.isAbandoned()) return;
    this.#parts.wire.send(parcel.text);
    this.#sent++;
    if (!parcel.proof) return parcel.done();
    this.#waiting.push({ number: this.#sent, parcel });
    this.#plan();
  }

  /** An answer to our `<r/>`: XEP-0198 section 4. Throws StreamError. */
  acknowledged(h: string | undefined): void {
    if (!this.#sm) return;
    const count = h !== undefined && /^\d{1,10}$/.test(h) ? Number(h) : undefined;
    if (count === undefined) throw new StreamError("policy-violation", { text: "<a/> without a count" });
    const more = (count - (this.#proved % MODULUS) + MODULUS) % MODULUS;
    if (this.#proved + more > this.#sent) {
      const application = xml`<handled-count-too-high xmlns="${NS.SM}" h="${count}" send-count="${this.#sent % MODULUS}"/>`;
      throw new StreamError("undefined-condition", { application });
    }
    // It proves nothing new: the time for the proof runs on, and it is asked again after a while.
    if (more === 0 && this.#waiting.length > 0) return this.#askAgain();
    this.#prove(this.#proved + more);
  }

  #askAgain(): void {
    const { wire, schedule } = this.#parts;
    if (this.#asked === undefined || this.#stopAsking !== undefined) return;
    this.#stopAsking = schedule(AGAIN_MS, () => {
      this.#stopAsking = undefined;
      if (!this.#ended && this.#asked !== undefined) wire.send(`<r xmlns="${NS.SM}"/>`);
    });
  }

  /** Asks for proof though nothing waits for it: the answer tells that the peer is alive. */
  probe(): void {
    if (this.#asked === undefined) this.#ask();
  }

  /** The stream is over. */
  end(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stopTimer?.();
    this.#stopAsking?.();
    if (this.#pingId !== undefined) this.#parts.questions.remove(this.#pingId);
    const { to } = this.#parts;
    for (const { parcel } of this.#waiting.splice(0)) {
      parcel.failed(new LinkError("unproved", `Cannot prove delivery to ${to}: ${reason}`));
    }
  }

  #plan(): void {
    if (this.#isPlanned || this.#asked !== undefined) return;
    this.#isPlanned = true;
    // One request covers all that is sent in this turn.
    setImmediate(() => {
      this.#isPlanned = false;
      if (!this.#ended && this.#asked === undefined && this.#waiting.length > 0) this.#ask();
    });
  }

  #ask(): void {
    const { wire, schedule, proofMs } = this.#parts;
    if (this.#ended) return;
    if (this.#sm) wire.send(`<r xmlns="${NS.SM}"/>`);
    else this.#ping();
    this.#asked = this.#sent;
    this.#stopTimer = schedule(proofMs, () => wire.destroy("the other server proves nothing in time"));
  }

  #ping(): void {
    const { wire, from, to, questions, newId } = this.#parts;
    const id = newId();
    const covered = this.#sent;
    this.#pingId = id;
    questions.add(id, { from, to, answered: () => this.#prove(covered) });
    wire.send(xml`<iq type="get" id="${id}" from="${from}" to="${to}"><ping xmlns="${NS.PING}"/></iq>`.text);
    // Counted as the peer's XEP-0198 would count it.
    this.#sent++;
  }

  #prove(count: number): void {
    this.#proved = Math.max(this.#proved, count);
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    this.#stopAsking?.();
    this.#stopAsking = undefined;
    this.#asked = undefined;
    this.#pingId = undefined;
    while (this.#waiting.length > 0 && this.#waiting[0]!.number <= count) this.#waiting.shift()!.parcel.done();
    if (this.#waiting.length > 0) this.#plan();
  }
}
