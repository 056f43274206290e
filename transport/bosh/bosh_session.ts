/**
 * One BOSH session: a stream over requests and responses, free of HTTP. XEP-0124, XEP-0206.
 * It takes parsed bodies, each with a callback that is called once with the response.
 * @module
 */
import type { StreamError } from "../../xmpp/errors.ts";
import { attr, type Markup, xml } from "../../xmpp/xml/xml.ts";
import type { Peer } from "../client_address.ts";
import type { StreamSecurity } from "../sasl/mechanisms.ts";
import type { XmppStream } from "../stream.ts";
import type { StreamCarrier, StreamHeader } from "../stream_carrier.ts";
import { type BoshBody, type BoshCondition, isExtra, isPoll, writeBody } from "./bosh_body.ts";
import { type BoshParameters, writeParameters } from "./bosh_parameters.ts";
import { type BoshReply, type HeldRequest, HeldRequests } from "./held_requests.ts";
import { KeySequence } from "./key_sequence.ts";
import { ReceiptProbes } from "./receipt_probes.ts";
import { RequestActivity } from "./request_activity.ts";
import { ResponseBuffer } from "./response_buffer.ts";
import { ResponseReceipts } from "./response_receipts.ts";

export type BoshStream = Pick<
  XmppStream,
  "open" | "receive" | "prove" | "finish" | "lost" | "fail" | "hold" | "release"
>;

export interface BoshSessionOptions {
  readonly sid: string;
  readonly parameters: BoshParameters;
  readonly peer: Peer;
  now(): number;
  schedule(ms: number, task: () => void): () => void;
  createStream(carrier: StreamCarrier): BoshStream;
  /** Whether the server will be there for a client that is still to be told of the end. */
  staysUp(): boolean;
  /** The session has ended and answers no more requests. */
  onEnd(session: BoshSession): void;
}

/** A missing response is reported to a client that acknowledges after this time, milliseconds. */
const REPORT_AFTER = 1000;
/** Unacknowledged responses kept for a client that acknowledges. */
const MAX_UNACKNOWLEDGED = 16;

export class BoshSession implements StreamCarrier {
  readonly transport = "bosh";
  readonly startTlsOffer = "none";
  readonly sid: string;
  readonly security: StreamSecurity;
  readonly address: string;
  readonly parameters: BoshParameters;
  readonly #options: BoshSessionOptions;
  readonly #stream: BoshStream;
  readonly #keys: KeySequence;
  readonly #buffer: ResponseBuffer;
  readonly #receipts: ResponseReceipts;
  #lastRid = 0;
  readonly #held = new HeldRequests();
  #outbound: string[] = [];
  #backlog = 0;
  #header: StreamHeader | undefined;
  readonly #probes: ReceiptProbes;
  #report: Markup | undefined;
  readonly #activity: RequestActivity;
  #inactivity: number;
  #cancelInactivity: (() => void) | undefined;
  #flushPlanned = false;
  #closed = false;
  /** The terminal response that no request was there to take. */
  #farewell: { readonly text: string; readonly condition: BoshCondition | undefined } | undefined;

  constructor(options: BoshSessionOptions) {
    const { parameters, peer } = options;
    this.#options = options;
    this.sid = options.sid;
    this.parameters = parameters;
    this.security = peer.security;
    this.address = peer.address;
    this.#keys = new KeySequence(parameters.newKey);
    this.#buffer = new ResponseBuffer(parameters.usesAck ? MAX_UNACKNOWLEDGED : parameters.requests);
    this.#receipts = new ResponseReceipts(parameters.requests, parameters.usesAck);
    this.#probes = new ReceiptProbes(this.#receipts, (token) => this.#stream.prove(token));
    this.#activity = new RequestActivity(parameters);
    this.#inactivity = parameters.inactivity;
    this.#stream = options.createStream(this);
  }

  get secure(): boolean {
    return this.security.encrypted || this.security.loopback;
  }

  get backlog(): number {
    return this.#backlog;
  }

  // Requests

  /** The session creation request. */
  create(body: BoshBody, reply: BoshReply): void {
    this.#lastRid = body.rid;
    this.#push(body, reply, writeParameters(this.parameters, this.sid, body.rid));
    this.#openStream(body);
    this.#held.makeAllDue();
    this.#settle();
  }

  /** Any later request. */
  request(body: BoshBody, reply: BoshReply): void {
    if (this.#farewell !== undefined) return this.#takeFarewell(reply);
    if (this.#closed) return this.#refuse(reply, "item-not-found");
    const { rid } = body;
    if (rid <= this.#lastRid) return this.#repeat(rid, reply);
    const window = this.parameters.requests + (isExtra(body) ? 1 : 0);
    if (rid > this.#lastRid + window) return this.#fail("item-not-found", reply);
    if (rid > this.#lastRid + 1) return this.#keepEarly(body, reply);
    this.#accept(body, reply, false);
    this.#acceptEarly();
  }

  /** The HTTP connection of a request is gone before its response. */
  abandon(reply: BoshReply): void {
    if (!this.#held.abandon(reply)) return;
    this.#settle();
    this.#watchInactivity();
  }

  #keepEarly(body: BoshBody, reply: BoshReply): void {
    this.#held.keepEarly(body, reply)?.(writeBody({ type: "error" }));
  }

  #acceptEarly(): void {
    while (!this.#closed) {
      const next = this.#held.takeEarly(this.#lastRid + 1);
      if (next === undefined) return;
      this.#accept(next.body, next.reply, true);
    }
  }

  #accept(body: BoshBody, reply: BoshReply | undefined, cameEarly: boolean): void {
    this.#lastRid = body.rid;
    const { attributes } = body;
    if (!this.#keys.accepts(attributes.get("key"), attributes.get("newkey"))) {
      return this.#fail("item-not-found", reply);
    }
    if (this.#activity.isTooMuch(body, this.#options.now(), this.#held.liveCount))
      return this.#fail("policy-violation", reply);
    this.#noteReceipts(body, cameEarly);
    this.#inactivity = this.parameters.inactivity;
    this.#push(body, reply);
    if (body.restart) this.#openStream(body);
    else this.#deliver(body);
    if (attributes.get("type") === "terminate") return this.#stream.finish();
    this.#pause(body);
    this.#settle();
  }

  #push(body: BoshBody, reply: BoshReply | undefined, creation?: Markup): void {
    const request: HeldRequest = {
      rid: body.rid,
      isPause: this.#pauseOf(body) !== undefined,
      creation,
      reply,
      isDue: false,
      cancelWait: this.#options.schedule(this.parameters.wait * 1000, () => {
        request.isDue = true;
        this.#settle();
      }),
    };
    this.#held.add(request);
    this.#activity.onRequest(body, this.#options.now());
    this.#watchInactivity();
  }

  #openStream(body: BoshBody): void {
    // XEP-0206 section 6: a stanza in a restart request is not for anybody.
    this.#stream.open({
      to: body.attributes.get("to") ?? this.parameters.to,
      from: body.attributes.get("from"),
      version: body.xmppVersion ?? "1.0",
    });
  }

  #deliver({ payloads, fault }: BoshBody): void {
    for (const payload of payloads) {
      if (this.#closed) return;
      this.#stream.receive(payload);
    }
    if (fault !== undefined) this.#stream.fail(fault);
  }

  /** XEP-0124 section 10. */
  #pause(body: BoshBody): void {
    const seconds = this.#pauseOf(body);
    if (seconds === undefined) return;
    this.#inactivity = seconds;
    this.#held.makeAllDue();
  }

  /** A longer pause than is granted is none. */
  #pauseOf({ attributes }: BoshBody): number | undefined {
    const text = attributes.get("pause");
    const seconds = text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
    return seconds <= this.parameters.pauseMax ? seconds : undefined;
  }

  /** XEP-0124 section 14.3: the same request again. */
  #repeat(rid: number, reply: BoshReply): void {
    const waiting = this.#held.find(rid);
    if (waiting !== undefined) {
      waiting.reply?.(writeBody({ type: "error" }));
      waiting.reply = reply;
      this.#watchInactivity();
      return this.#settle();
    }
    const buffered = this.#buffer.repeat(rid);
    if (buffered === undefined) return this.#fail("item-not-found", reply);
    if (buffered === "exhausted") return this.#fail("policy-violation", reply);
    reply(buffered);
    this.#watchInactivity();
  }

  // Responses

  /** Answers what should wait no longer, in the order of rids. */
  #settle(): void {
    while (!this.#closed) {
      const oldest = this.#held.oldest;
      if (oldest === undefined) return;
      if (oldest.reply === undefined) {
        // A response would be lost; but a request that a later one has overtaken is given up by its client.
        if (this.#held.count === 1 && !oldest.isDue) return;
        this.#answer(oldest, []);
      } else {
        if (!oldest.isDue && !this.#hasReason()) return;
        this.#answer(oldest, oldest.isPause ? [] : this.#takeOutbound(oldest.rid));
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
    return this.parameters.wait === 0 ? 0 : this.parameters.hold;
  }

  #takeOutbound(rid: number): readonly string[] {
    const payloads = this.#outbound;
    this.#outbound = [];
    this.#backlog = 0;
    this.#probes.onSent(rid);
    return payloads;
  }

  #answer(request: HeldRequest, payloads: readonly string[]): void {
    const { rid } = request;
    this.#held.remove(request);
    const text = writeBody({ attributes: this.#responseAttributes(request), payloads });
    const now = this.#options.now();
    if (!request.isPause) this.#buffer.add(rid, text, now);
    this.#receipts.onResponse(rid, payloads.length > 0);
    this.#activity.onResponse(rid, payloads.length > 0);
    request.reply?.(text);
    this.#watchInactivity();
  }

  #responseAttributes({ rid, creation }: HeldRequest): Markup {
    if (creation !== undefined) return xml`${creation}${attr("authid", this.#header?.id)}`;
    const report = this.#report;
    this.#report = undefined;
    const ack = this.parameters.usesAck && this.#lastRid !== rid ? this.#lastRid : undefined;
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

  /** XEP-0124 section 9.2. */
  #reportMissing(ack: number | undefined): void {
    if (!this.parameters.usesAck || ack === undefined || ack >= this.#receipts.answered) return;
    const sentAt = this.#buffer.sentAt(ack + 1);
    const time = sentAt === undefined ? 0 : this.#options.now() - sentAt;
    if (time < REPORT_AFTER) return;
    this.#report = xml`${attr("report", ack + 1)}${attr("time", time)}`;
  }

  // The connection

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
      this.#settle();
    });
  }

  probe(token: number): boolean {
    if (this.#closed) return false;
    this.#probes.add(token, this.#outbound.length > 0 ? undefined : this.#receipts.lastPayload);
    queueMicrotask(() => {
      this.#probes.tell();
      this.#settle();
    });
    return true;
  }

  /** The client knows its stream by `sid`; the id goes into `authid`. */
  sendHeader(header: StreamHeader): void {
    this.#header = header;
  }

  expectHeader(): void {}

  startTls(): void {}

  pause(): void {
    this.#stream.hold();
  }

  resume(): void {
    this.#stream.release();
  }

  close(error?: StreamError): void {
    if (this.#closed) return;
    const payloads = error === undefined ? this.#outbound : [...this.#outbound, error.toMarkup().text];
    const condition = error === undefined ? undefined : "remote-stream-error";
    this.#terminate(payloads, condition);
  }

  // The end

  /** XEP-0124 section 13: the oldest connection is told, the others get nothing. */
  #terminate(payloads: readonly string[], condition: BoshCondition | undefined): void {
    const oldest = this.#held.oldestLive;
    const attributes = oldest?.creation;
    const text = writeBody({ type: "terminate", condition, attributes, payloads });
    const replies = this.#stop();
    if (oldest?.reply === undefined && this.#options.staysUp()) {
      this.#farewell = { text, condition };
      this.#cancelInactivity = this.#options.schedule(this.#inactivity * 1000, () => this.#options.onEnd(this));
    } else {
      oldest?.reply?.(text, condition);
      for (const reply of replies) if (reply !== oldest?.reply) reply(writeBody({}));
      this.#options.onEnd(this);
    }
    this.#stream.lost();
  }

  #takeFarewell(reply: BoshReply): void {
    const { text, condition } = this.#farewell!;
    this.#farewell = undefined;
    this.#cancelInactivity?.();
    reply(text, condition);
    this.#options.onEnd(this);
  }

  /** A terminal binding condition: for the request at fault, and for those that were open beside it. */
  #fail(condition: BoshCondition, reply: BoshReply | undefined): void {
    const replies = this.#stop();
    if (reply !== undefined) this.#refuse(reply, condition);
    for (const other of replies) this.#refuse(other, "other-request");
    this.#options.onEnd(this);
    this.#stream.lost();
  }

  #refuse(reply: BoshReply, condition: BoshCondition): void {
    reply(writeBody({ type: "terminate", condition }), condition);
  }

  /** Returns whom to answer. */
  #stop(): BoshReply[] {
    this.#closed = true;
    this.#cancelInactivity?.();
    this.#outbound = [];
    this.#backlog = 0;
    this.#probes.clear();
    return this.#held.clear();
  }

  /** XEP-0124 section 10: time runs while no request is held. */
  #watchInactivity(): void {
    this.#cancelInactivity?.();
    this.#cancelInactivity = undefined;
    if (this.#closed || this.#held.liveCount > 0) return;
    this.#cancelInactivity = this.#options.schedule(this.#inactivity * 1000, () => {
      for (const reply of this.#stop()) this.#refuse(reply, "item-not-found");
      this.#options.onEnd(this);
      this.#stream.lost();
    });
  }
}
