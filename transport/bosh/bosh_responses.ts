/**
 * The responses of one session: their content, the request and the time of each, and the receipts of the client.
 * XEP-0124 sections 8, 9, 11 and 14.3.
 * @module
 */
import { attr, type Markup, xml } from "../../xmpp/xml/xml.ts";
import { type BoshBody, type BoshCondition, isExtra, isPoll, writeBody } from "./bosh_body.ts";
import type { BoshParameters } from "./bosh_parameters.ts";
import type { BoshReply, HeldRequest, HeldRequests } from "./held_requests.ts";
import { ReceiptProbes } from "./receipt_probes.ts";
import { RequestActivity } from "./request_activity.ts";
import { ResponseBuffer } from "./response_buffer.ts";
import { ResponseReceipts } from "./response_receipts.ts";

export interface BoshResponsesOptions {
  readonly parameters: BoshParameters;
  readonly held: HeldRequests;
  now(): number;
  schedule(ms: number, task: () => void): () => void;
  /** What was sent before that probe has been received. */
  prove(token: number): void;
  /** A request has been answered. */
  onAnswer(): void;
}

/** A missing response is reported to a client that acknowledges after this time, milliseconds. */
const REPORT_AFTER = 1000;
/** Unacknowledged responses kept for a client that acknowledges. */
const MAX_UNACKNOWLEDGED = 16;

export class BoshResponses {
  readonly #options: BoshResponsesOptions;
  readonly #parameters: BoshParameters;
  readonly #held: HeldRequests;
  readonly #buffer: ResponseBuffer;
  readonly #receipts: ResponseReceipts;
  readonly #probes: ReceiptProbes;
  readonly #activity: RequestActivity;
  #lastRid = 0;
  #outbound: string[] = [];
  #backlog = 0;
  /** The id of the stream, for the session creation response. */
  #authid: string | undefined;
  #report: Markup | undefined;
  #flushPlanned = false;
  #closed = false;
  /** Requests are answered when their time is over, not before. */
  isPaused = false;

  constructor(options: BoshResponsesOptions) {
    const { parameters, held } = options;
    this.#options = options;
    this.#parameters = parameters;
    this.#held = held;
    this.#buffer = new ResponseBuffer(parameters.usesAck ? MAX_UNACKNOWLEDGED : parameters.requests);
    this.#receipts = new ResponseReceipts(parameters.requests, parameters.usesAck);
    this.#probes = new ReceiptProbes(this.#receipts, (token) => options.prove(token));
    this.#activity = new RequestActivity(parameters);
  }

  /** What has not left yet, characters. */
  get backlog(): number {
    return this.#backlog;
  }

  /** UTF-16 units that are kept to be sent again. */
  get buffered(): number {
    return this.#buffer.chars;
  }

  set authid(id: string) {
    this.#authid = id;
  }

  // Requests

  isTooMuch(body: BoshBody): boolean {
    return this.#activity.isTooMuch(body, this.#options.now(), this.#held.liveCount);
  }

  /** The next request in the order of rids; it may prove receipt of responses. */
  accept(
    body: BoshBody,
    reply: BoshReply | undefined,
    request: { readonly cameEarly: boolean; readonly isPause: boolean },
  ): void {
    this.#noteReceipts(body, request.cameEarly);
    this.#hold(body, reply, request.isPause, undefined);
  }

  /** The session creation request; `creation`: attributes of its response. */
  acceptFirst(body: BoshBody, reply: BoshReply, creation: Markup): void {
    this.#hold(body, reply, false, creation);
  }

  #hold(body: BoshBody, reply: BoshReply | undefined, isPause: boolean, creation: Markup | undefined): void {
    this.#lastRid = body.rid;
    const request: HeldRequest = {
      rid: body.rid,
      isPause,
      creation,
      reply,
      isDue: false,
      cancelWait: this.#options.schedule(this.#parameters.wait * 1000, () => {
        request.isDue = true;
        this.settle();
      }),
    };
    this.#held.add(request);
    this.#activity.onRequest(body, this.#options.now());
  }

  /** Section 14.3: the same request again. Returns why it gets no response. */
  repeat(rid: number, reply: BoshReply): BoshCondition | undefined {
    const waiting = this.#held.find(rid);
    if (waiting !== undefined) {
      waiting.reply?.(writeBody({ type: "error" }));
      waiting.reply = reply;
      this.settle();
      return undefined;
    }
    const buffered = this.#buffer.repeat(rid);
    if (buffered === undefined) return "item-not-found";
    if (buffered === "exhausted") return "policy-violation";
    reply(buffered);
    return undefined;
  }

  // What there is to send

  send(text: string): void {
    if (this.#closed) return;
    this.#outbound.push(text);
    this.#backlog += text.length;
    this.#planFlush();
  }

  #planFlush(): void {
    if (this.#flushPlanned) return;
    this.#flushPlanned = true;
    queueMicrotask(() => {
      this.#flushPlanned = false;
      this.settle();
    });
  }

  /** Connection.probe(). */
  probe(token: number): boolean {
    if (this.#closed) return false;
    this.#probes.add(token, this.#outbound.length > 0 ? undefined : this.#receipts.lastPayload);
    queueMicrotask(() => {
      this.#probes.tell();
      this.settle();
    });
    return true;
  }

  /** Stops answering requests. Returns the texts that were not sent. */
  close(): readonly string[] {
    this.#closed = true;
    this.#probes.clear();
    return this.#takeAll();
  }

  #takeAll(): readonly string[] {
    const payloads = this.#outbound;
    this.#outbound = [];
    this.#backlog = 0;
    return payloads;
  }

  // Answers

  /** Answers requests that should wait no longer, in the order of rids. */
  settle(): void {
    while (!this.#closed) {
      const oldest = this.#held.oldest;
      if (oldest === undefined) return;
      if (oldest.reply === undefined) {
        // A response would be lost; a client abandons a request after a later one was answered.
        if (this.#held.count === 1 && !oldest.isDue) return;
        this.#answer(oldest, []);
      } else {
        if (!oldest.isDue && (this.isPaused || !this.#hasReason())) return;
        this.#answer(oldest, oldest.isPause ? [] : this.#takeFor(oldest.rid));
      }
    }
  }

  /** Why the oldest request should wait no longer. */
  #hasReason(): boolean {
    if (this.#outbound.length > 0 || this.#report !== undefined) return true;
    return this.#held.count > this.#waitable || this.#probes.wantsRequest();
  }

  /** How many requests may wait. */
  get #waitable(): number {
    return this.#parameters.wait === 0 ? 0 : this.#parameters.hold;
  }

  #takeFor(rid: number): readonly string[] {
    this.#probes.onSent(rid);
    return this.#takeAll();
  }

  #answer(request: HeldRequest, payloads: readonly string[]): void {
    const { rid } = request;
    this.#held.remove(request);
    const text = writeBody({ attributes: this.#attributes(request), payloads });
    if (!request.isPause) this.#buffer.add(rid, text, this.#options.now());
    this.#receipts.onResponse(rid, payloads.length > 0);
    this.#activity.onResponse(rid, payloads.length > 0);
    request.reply?.(text);
    this.#options.onAnswer();
  }

  #attributes({ rid, creation }: HeldRequest): Markup {
    if (creation !== undefined) return xml`${creation}${attr("authid", this.#authid)}`;
    const report = this.#report;
    this.#report = undefined;
    const ack = this.#parameters.usesAck && this.#lastRid !== rid ? this.#lastRid : undefined;
    return xml`${attr("ack", ack)}${report}`;
  }

  // Proof of receipt

  #noteReceipts(body: BoshBody, cameEarly: boolean): void {
    const { ack } = body;
    this.#receipts.onRequest({
      rid: body.rid,
      ack,
      isPoll: isPoll(body),
      isExtra: isExtra(body),
      cameEarly,
      unanswered: this.#held.count,
      anyAbandoned: this.#held.liveCount < this.#held.count,
    });
    this.#reportMissing(ack);
    this.#probes.tell();
  }

  /** Section 9.2. */
  #reportMissing(ack: number | undefined): void {
    if (!this.#parameters.usesAck || ack === undefined || ack >= this.#receipts.answered) return;
    const sentAt = this.#buffer.sentAt(ack + 1);
    const time = sentAt === undefined ? 0 : this.#options.now() - sentAt;
    if (time < REPORT_AFTER) return;
    this.#report = xml`${attr("report", ack + 1)}${attr("time", time)}`;
  }
}
