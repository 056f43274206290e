/** The requests of one session that have no response yet, in the order of their rids: XEP-0124 sections 8 and 14.2. @module */
import type { Markup } from "../../xmpp/xml/xml.ts";
import type { BoshBody, BoshCondition } from "./bosh_body.ts";

/** Takes the text of the response, and its condition if it is terminal. */
export type BoshReply = (text: string, condition?: BoshCondition) => void;

export interface HeldRequest {
  readonly rid: number;
  readonly isPause: boolean;
  /** Attributes of the session creation response. */
  readonly creation: Markup | undefined;
  /** Undefined: the HTTP connection is gone, a response would be lost. */
  reply: BoshReply | undefined;
  /** Its response must wait no longer. */
  isDue: boolean;
  cancelWait(): void;
}

interface EarlyRequest {
  readonly body: BoshBody;
  reply: BoshReply | undefined;
}

export class HeldRequests {
  #requests: HeldRequest[] = [];
  /** Requests that arrived before a request with a lower rid. */
  readonly #early = new Map<number, EarlyRequest>();

  get oldest(): HeldRequest | undefined {
    return this.#requests[0];
  }

  get oldestLive(): HeldRequest | undefined {
    return this.#requests.find(({ reply }) => reply !== undefined);
  }

  get count(): number {
    return this.#requests.length;
  }

  /** How many can be answered. */
  get liveCount(): number {
    return this.#requests.reduce((count, { reply }) => (reply === undefined ? count : count + 1), 0);
  }

  add(request: HeldRequest): void {
    this.#requests.push(request);
  }

  find(rid: number): HeldRequest | undefined {
    return this.#requests.find((request) => request.rid === rid);
  }

  remove(request: HeldRequest): void {
    request.cancelWait();
    this.#requests = this.#requests.filter((other) => other !== request);
  }

  makeAllDue(): void {
    for (const request of this.#requests) request.isDue = true;
  }

  /** The HTTP connection of that request is gone. Returns false where it has its response already. */
  abandon(reply: BoshReply): boolean {
    const request = [...this.#requests, ...this.#early.values()].find((held) => held.reply === reply);
    if (request !== undefined) request.reply = undefined;
    return request !== undefined;
  }

  /** Returns the earlier request that the repeated one replaces. */
  keepEarly(body: BoshBody, reply: BoshReply): BoshReply | undefined {
    const displaced = this.#early.get(body.rid)?.reply;
    this.#early.set(body.rid, { body, reply });
    return displaced;
  }

  takeEarly(rid: number): EarlyRequest | undefined {
    const request = this.#early.get(rid);
    this.#early.delete(rid);
    return request;
  }

  /** Removes all, and returns the requests to answer. */
  clear(): BoshReply[] {
    for (const request of this.#requests) request.cancelWait();
    const replies = [...this.#requests, ...this.#early.values()].flatMap(({ reply }) => reply ?? []);
    this.#requests = [];
    this.#early.clear();
    return replies;
  }
}
