/**
 * One BOSH session: a stream over requests and responses, free of HTTP. XEP-0124, XEP-0206.
 * It takes parsed bodies, each with a callback that is called once with the response.
 * @module
 */
import type { StreamError } from "../../xmpp/errors.ts";
import { NS } from "../../xmpp/ns.ts";
import { attr, type Markup, xml } from "../../xmpp/xml/xml.ts";
import type { Peer } from "../client_address.ts";
import type { StreamSecurity } from "../sasl/mechanisms.ts";
import type { XmppStream } from "../stream.ts";
import type { StreamCarrier, StreamHeader } from "../stream_carrier.ts";
import { type BoshBody, type BoshCondition, writeBody } from "./bosh_body.ts";
import type { BoshParameters } from "./bosh_parameters.ts";
import { KeySequence } from "./key_sequence.ts";
import { ResponseBuffer } from "./response_buffer.ts";
import { ResponseReceipts } from "./response_receipts.ts";

/** Gets the response's text, and the condition where it is a terminal one. */
export type BoshReply = (text: string, condition?: BoshCondition) => void;

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
  /** The session has ended and answers no more requests. */
  onEnd(session: BoshSession): void;
}

/** A request that has no response yet. */
interface OpenRequest {
  readonly rid: number;
  readonly arrivedAt: number;
  readonly isPause: boolean;
  /** Of the session creation response. */
  readonly creation?: Markup | undefined;
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

interface WaitingProbe {
  readonly token: number;
  /** The rid whose response must have been received; undefined: that response is not sent yet. */
  rid: number | undefined;
}

/** A missing response is reported to a client that acknowledges after this time, milliseconds. */
const REPORT_AFTER = 1000;
/** Unacknowledged responses kept for a client that acknowledges. */
const MAX_UNACKNOWLEDGED = 16;
/** Content encodings of requests (XEP-0124 section 7.2). */
const ACCEPTED_ENCODINGS = "gzip,deflate";
/** How many held requests are answered early to get a proof of receipt. */
const MAX_NUDGES = 2;

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
  #open: OpenRequest[] = [];
  readonly #early = new Map<number, EarlyRequest>();
  #outbound: string[] = [];
  #backlog = 0;
  #header: StreamHeader | undefined;
  #probes: WaitingProbe[] = [];
  #nudges = 0;
  #report: Markup | undefined;
  /** The latest request, for the rules against requests that come too often. */
  #previous: { readonly arrivedAt: number; readonly isPoll: boolean; hadPayload: boolean; rid: number } | undefined;
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
    this.#push(body, reply, this.#creationAttributes(body));
    this.#openStream(body);
    for (const request of this.#open) request.isDue = true;
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
    for (const request of this.#open) if (request.reply === reply) request.reply = undefined;
    for (const request of this.#early.values()) if (request.reply === reply) request.reply = undefined;
    this.#watchInactivity();
  }

  #keepEarly(body: BoshBody, reply: BoshReply): void {
    const known = this.#early.get(body.rid);
    known?.reply?.(writeBody({ type: "error" }));
    this.#early.set(body.rid, { body, reply });
  }

  #acceptEarly(): void {
    for (;;) {
      const next = this.#early.get(this.#lastRid + 1);
      if (next === undefined || this.#closed) return;
      this.#early.delete(next.body.rid);
      this.#accept(next.body, next.reply, true);
    }
  }

  #accept(body: BoshBody, reply: BoshReply | undefined, cameEarly: boolean): void {
    this.#lastRid = body.rid;
    const { attributes } = body;
    if (!this.#keys.accepts(attributes.get("key"), attributes.get("newkey"))) {
      return this.#fail("item-not-found", reply);
    }
    if (this.#isTooMuch(body)) return this.#fail("policy-violation", reply);
    this.#noteReceipts(body, cameEarly);
    this.#inactivity = this.parameters.inactivity;
    this.#push(body, reply);
    this.#dropDead();
    if (body.restart) this.#openStream(body);
    else this.#deliver(body);
    if (attributes.get("type") === "terminate") return this.#stream.finish();
    this.#pause(body);
    this.#settle();
  }

  #push(body: BoshBody, reply: BoshReply | undefined, creation?: Markup): void {
    const request: OpenRequest = {
      rid: body.rid,
      arrivedAt: this.#options.now(),
      isPause: this.#pauseOf(body) !== undefined,
      creation,
      reply,
      isDue: false,
      cancelWait: this.#options.schedule(this.parameters.wait * 1000, () => {
        request.isDue = true;
        this.#settle();
      }),
    };
    this.#open.push(request);
    const { rid, arrivedAt } = request;
    this.#previous = { rid, arrivedAt, isPoll: creation === undefined && isPoll(body), hadPayload: false };
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
    for (const request of this.#open) request.isDue = true;
  }

  /** A longer pause than is granted is none. */
  #pauseOf({ attributes }: BoshBody): number | undefined {
    const text = attributes.get("pause");
    const seconds = text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
    return seconds <= this.parameters.pauseMax ? seconds : undefined;
  }

  /** XEP-0124 section 14.3: the same request again. */
  #repeat(rid: number, reply: BoshReply): void {
    const waiting = this.#open.find((request) => request.rid === rid);
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

  /** XEP-0124 sections 11 and 12: too many requests at once, or too often. */
  #isTooMuch(body: BoshBody): boolean {
    if (isExtra(body)) return false;
    const { requests, polling, isPolling } = this.parameters;
    const unanswered = this.#open.filter(({ reply }) => reply !== undefined).length;
    if (unanswered >= requests) return true;
    const previous = this.#previous;
    if (previous === undefined || !isPoll(body)) return false;
    const tooSoon = this.#options.now() - previous.arrivedAt < polling * 1000;
    if (isPolling) return tooSoon && previous.isPoll && !previous.hadPayload;
    return tooSoon && unanswered === requests - 1 && unanswered > 0;
  }

  // Responses

  /** A request whose connection is gone, and that a later one has overtaken: the client has given it up. */
  #dropDead(): void {
    for (const request of this.#open.slice(0, -1)) if (request.reply === undefined) this.#answer(request, []);
  }

  #settle(): void {
    if (this.#closed) return;
    for (;;) {
      const oldest = this.#open[0];
      if (oldest === undefined) return;
      if (oldest.reply === undefined && !oldest.isDue) return;
      if (!oldest.isDue && !this.#hasReason()) return;
      this.#answer(oldest, oldest.reply === undefined || oldest.isPause ? [] : this.#takeOutbound(oldest.rid));
    }
  }

  /** Why the oldest request should wait no longer. */
  #hasReason(): boolean {
    if (this.#outbound.length > 0 || this.#report !== undefined) return true;
    return this.#open.length > this.#held || this.#wantsProof();
  }

  /** How many requests may wait. */
  get #held(): number {
    return this.parameters.wait === 0 ? 0 : this.parameters.hold;
  }

  #takeOutbound(rid: number): readonly string[] {
    const payloads = this.#outbound;
    this.#outbound = [];
    this.#backlog = 0;
    for (const probe of this.#probes) probe.rid ??= rid;
    return payloads;
  }

  #answer(request: OpenRequest, payloads: readonly string[]): void {
    const { rid } = request;
    request.cancelWait();
    this.#open = this.#open.filter((other) => other !== request);
    const text = writeBody({ attributes: this.#responseAttributes(request), payloads });
    const now = this.#options.now();
    if (!request.isPause) this.#buffer.add(rid, text, now);
    this.#receipts.onResponse(rid, payloads.length > 0);
    if (this.#previous?.rid === rid) this.#previous.hadPayload = payloads.length > 0;
    request.reply?.(text);
    this.#watchInactivity();
  }

  #responseAttributes({ rid, creation }: OpenRequest): Markup {
    if (creation !== undefined) return xml`${creation}${attr("authid", this.#header?.id)}`;
    const report = this.#report;
    this.#report = undefined;
    const ack = this.parameters.usesAck && this.#lastRid !== rid ? this.#lastRid : undefined;
    return xml`${attr("ack", ack)}${report}`;
  }

  /** XEP-0124 section 7.2, XEP-0206 section 4. */
  #creationAttributes(body: BoshBody): Markup {
    const { wait, requests, hold, inactivity, polling, pauseMax, to, ver, usesAck } = this.parameters;
    const session = [
      attr("sid", this.sid),
      attr("wait", wait),
      attr("requests", requests),
      attr("hold", hold),
      attr("inactivity", inactivity),
      attr("polling", polling),
      attr("maxpause", pauseMax),
      attr("accept", ACCEPTED_ENCODINGS),
      attr("charsets", "UTF-8"),
      attr("from", to),
      attr("ver", ver),
      attr("ack", usesAck ? body.rid : undefined),
    ];
    const xmpp = [attr("xmlns:xmpp", NS.XBOSH), attr("xmpp:version", "1.0"), attr("xmpp:restartlogic", "true")];
    return xml`${session}${xmpp}`;
  }

  // Proof of receipt

  #noteReceipts(body: BoshBody, cameEarly: boolean): void {
    const ack = readAck(body.attributes.get("ack"));
    this.#receipts.onRequest({
      rid: body.rid,
      ack,
      isPoll: isPoll(body),
      isExtra: isExtra(body),
      cameEarly,
      unanswered: this.#open.length,
      anyAbandoned: this.#open.some(({ reply }) => reply === undefined),
    });
    this.#reportMissing(ack);
    this.#tellProofs();
  }

  /** XEP-0124 section 9.2. */
  #reportMissing(ack: number | undefined): void {
    if (!this.parameters.usesAck || ack === undefined || ack >= this.#receipts.answered) return;
    const sentAt = this.#buffer.sentAt(ack + 1);
    const time = sentAt === undefined ? 0 : this.#options.now() - sentAt;
    if (time < REPORT_AFTER) return;
    this.#report = xml`${attr("report", ack + 1)}${attr("time", time)}`;
  }

  #tellProofs(): void {
    const { proven } = this.#receipts;
    const done = this.#probes.filter(({ rid }) => rid !== undefined && rid <= proven);
    if (done.length === 0) return;
    this.#probes = this.#probes.filter((probe) => !done.includes(probe));
    this.#nudges = 0;
    for (const { token } of done) this.#stream.prove(token);
  }

  /** All that a probe asks for has been sent: answering a held request brings the next one, which is the proof. */
  #wantsProof(): boolean {
    const waits = this.#probes.some(({ rid }) => rid !== undefined && rid <= this.#receipts.answered);
    return waits && this.#nudges++ < MAX_NUDGES;
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
    const rid = this.#outbound.length > 0 ? undefined : this.#receipts.lastPayload;
    this.#probes.push({ token, rid });
    this.#nudges = 0;
    queueMicrotask(() => {
      this.#tellProofs();
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
    const oldest = this.#open.find(({ reply }) => reply !== undefined);
    const attributes = oldest?.creation;
    const text = writeBody({ type: "terminate", condition, attributes, payloads });
    const replies = this.#stop();
    if (oldest?.reply === undefined) {
      this.#farewell = { text, condition };
      this.#cancelInactivity = this.#options.schedule(this.#inactivity * 1000, () => this.#options.onEnd(this));
    } else {
      oldest.reply(text, condition);
      for (const reply of replies) if (reply !== oldest.reply) reply(writeBody({}));
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
    for (const request of this.#open) request.cancelWait();
    const replies = [...this.#open, ...this.#early.values()].flatMap(({ reply }) => reply ?? []);
    this.#open = [];
    this.#early.clear();
    this.#outbound = [];
    this.#backlog = 0;
    this.#probes = [];
    return replies;
  }

  /** XEP-0124 section 10: time runs while no request is held. */
  #watchInactivity(): void {
    this.#cancelInactivity?.();
    this.#cancelInactivity = undefined;
    if (this.#closed || this.#open.some(({ reply }) => reply !== undefined)) return;
    this.#cancelInactivity = this.#options.schedule(this.#inactivity * 1000, () => {
      for (const reply of this.#stop()) this.#refuse(reply, "item-not-found");
      this.#options.onEnd(this);
      this.#stream.lost();
    });
  }
}

/** Nothing but a request for data. */
function isPoll(body: BoshBody): boolean {
  return body.payloads.length === 0 && body.fault === undefined && !body.restart && !isExtra(body);
}

/** XEP-0124 section 11: these may come beyond `requests`. */
function isExtra({ attributes }: BoshBody): boolean {
  return attributes.has("pause") || attributes.get("type") === "terminate";
}

function readAck(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : undefined;
}
