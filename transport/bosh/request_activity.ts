/** Detects too many requests at a time, or too frequent ones: XEP-0124 sections 11 and 12. @module */
import { type BoshBody, isExtra, isPoll } from "./bosh_body.ts";
import type { BoshParameters } from "./bosh_parameters.ts";

export class RequestActivity {
  readonly #parameters: BoshParameters;
  #rid = 0;
  #arrivedAt = 0;
  #wasPoll = false;
  /** The response to the latest request carried a payload. */
  #hadPayload = false;

  constructor(parameters: BoshParameters) {
    this.#parameters = parameters;
  }

  onRequest(body: BoshBody, now: number): void {
    this.#rid = body.rid;
    this.#arrivedAt = now;
    // The session creation request asks for a session, not for data.
    this.#wasPoll = body.sid !== undefined && isPoll(body);
    this.#hadPayload = false;
  }

  onResponse(rid: number, hasPayload: boolean): void {
    if (rid === this.#rid) this.#hadPayload = hasPayload;
  }

  /** Whether that new request is one too many. `unanswered`: earlier requests whose client still waits. */
  isTooMuch(body: BoshBody, now: number, unanswered: number): boolean {
    if (isExtra(body)) return false;
    const { requests, polling, isPolling } = this.#parameters;
    if (unanswered >= requests) return true;
    if (!isPoll(body) || now - this.#arrivedAt >= polling * 1000) return false;
    if (isPolling) return this.#wasPoll && !this.#hadPayload;
    return unanswered > 0 && unanswered === requests - 1;
  }
}
