/**
 * Which responses the client has certainly received. A response alone proves nothing; a later request may.
 * Never says so too early, as long as the client keeps to `requests` and asks for nothing while a request of its is open.
 * @module
 */

/** A new request, in the order of rids. */
export interface ArrivedRequest {
  readonly rid: number;
  /** Its `ack` attribute. */
  readonly ack: number | undefined;
  /** It brings nothing and asks for nothing but data. */
  readonly isPoll: boolean;
  /** It is one of those that may come beyond `requests`: pause, terminate. */
  readonly isExtra: boolean;
  /** It came before a request with a lower rid. */
  readonly cameEarly: boolean;
  /** Requests with lower rids that have no response yet. */
  readonly unanswered: number;
  /** The HTTP connection of one of those is gone: the client may have started anew, as a page that is loaded again. */
  readonly anyAbandoned: boolean;
}

export class ResponseReceipts {
  readonly #requests: number;
  readonly #usesAck: boolean;
  #answered = 0;
  #lastPayload = 0;
  #proven = 0;

  /** `requests` as granted; `usesAck`: the client has said that it acknowledges (XEP-0124 section 9.2). */
  constructor(requests: number, usesAck: boolean) {
    this.#requests = requests;
    this.#usesAck = usesAck;
  }

  /** All responses up to that rid have been received. */
  get proven(): number {
    return this.#proven;
  }

  /** The rid of the last response sent; 0: none. */
  get answered(): number {
    return this.#answered;
  }

  /** The rid of the last response that carried payloads; 0: none. */
  get lastPayload(): number {
    return this.#lastPayload;
  }

  onResponse(rid: number, hasPayload: boolean): void {
    this.#answered = rid;
    if (hasPayload) this.#lastPayload = rid;
  }

  onRequest(request: ArrivedRequest): void {
    this.#proven = Math.max(this.#proven, this.#usesAck ? this.#acknowledged(request) : this.#deduced(request));
  }

  /** XEP-0124 section 9.2: no `ack` says that nothing is missing. */
  #acknowledged({ rid, ack, cameEarly, unanswered }: ArrivedRequest): number {
    if (ack !== undefined) return ack < rid && ack <= this.#answered ? ack : 0;
    return cameEarly || unanswered > 0 ? 0 : this.#answered;
  }

  #deduced({ isPoll, isExtra, cameEarly, unanswered, anyAbandoned }: ArrivedRequest): number {
    if (anyAbandoned) return 0;
    // The client may have `requests` open at once. This one and the unanswered are that many: it misses no other.
    if (!isExtra && unanswered >= this.#requests - 1) return this.#answered;
    // XEP-0124 section 10: a client that has nothing to say asks for more once none of its requests is open.
    if (isPoll && !cameEarly && unanswered === 0) return this.#answered;
    return 0;
  }
}
