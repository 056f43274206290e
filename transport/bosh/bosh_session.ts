/**
 * One BOSH session: a stream over requests and responses, free of HTTP. XEP-0124, XEP-0206.
 * It takes parsed bodies, each with a callback that is called once with the response.
 * @module
 */
import { StreamError } from "../../xmpp/errors.ts";
import { MAX_BACKLOG, MAX_STRANGER_BACKLOG } from "../backlog_limits.ts";
import type { Peer } from "../client_address.ts";
import type { StreamSecurity } from "../sasl/mechanisms.ts";
import type { XmppStream } from "../stream.ts";
import type { StreamCarrier, StreamHeader } from "../stream_carrier.ts";
import { type BoshBody, type BoshCondition, isExtra, writeBody } from "./bosh_body.ts";
import { type BoshParameters, writeParameters } from "./bosh_parameters.ts";
import { BoshResponses } from "./bosh_responses.ts";
import { type BoshReply, HeldRequests } from "./held_requests.ts";
import { InactivityTimer } from "./inactivity_timer.ts";
import { KeySequence } from "./key_sequence.ts";

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
  /** False when the server stops: then no later request can fetch the terminal response. */
  staysUp(): boolean;
  /** The session has ended and answers no more requests. */
  onEnd(session: BoshSession): void;
}

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
  readonly #held = new HeldRequests();
  readonly #responses: BoshResponses;
  readonly #inactivity: InactivityTimer;
  #lastRid = 0;
  #closed = false;
  #isIdentified = false;
  /** The terminal response, kept when no request was held to carry it. */
  #farewell: { readonly text: string; readonly condition: BoshCondition | undefined } | undefined;

  constructor(options: BoshSessionOptions) {
    const { parameters, peer } = options;
    this.#options = options;
    this.sid = options.sid;
    this.parameters = parameters;
    this.security = peer.security;
    this.address = peer.address;
    this.#keys = new KeySequence(parameters.newKey);
    this.#inactivity = new InactivityTimer(parameters.inactivity, (ms, task) => options.schedule(ms, task));
    this.#responses = new BoshResponses({
      parameters,
      held: this.#held,
      now: () => options.now(),
      schedule: (ms, task) => options.schedule(ms, task),
      prove: (token) => this.#stream.prove(token),
      onAnswer: () => this.#watchInactivity(),
    });
    this.#stream = options.createStream(this);
  }

  get secure(): boolean {
    return this.security.encrypted || this.security.loopback;
  }

  /** It is known whose session it is. */
  get isIdentified(): boolean {
    return this.#isIdentified;
  }

  get backlog(): number {
    return this.#responses.backlog;
  }

  // Requests: section 7 (the first), 14.2 (their order), 14.3 (the same again)

  /** The session creation request. */
  create(body: BoshBody, reply: BoshReply): void {
    this.#lastRid = body.rid;
    this.#responses.acceptFirst(body, reply, writeParameters(this.parameters, this.sid, body.rid));
    this.#openStream(body);
    this.#held.makeAllDue();
    this.#responses.settle();
  }

  /** Any later request. */
  request(body: BoshBody, reply: BoshReply): void {
    if (this.#farewell !== undefined) return this.#takeFarewell(reply);
    if (this.#closed) return this.#refuse(reply, "item-not-found");
    const { rid } = body;
    if (rid <= this.#lastRid) return this.#repeat(rid, reply);
    const window = this.parameters.requests + (isExtra(body) ? 1 : 0);
    if (rid > this.#lastRid + window) return this.#fail("item-not-found", reply);
    if (rid > this.#lastRid + 1) return this.#held.keepEarly(body, reply)?.(writeBody({ type: "error" }));
    this.#accept(body, reply, false);
    this.#acceptEarly();
  }

  /** A request of this session that could not be read. */
  fail(condition: BoshCondition): void {
    if (!this.#closed) this.#fail(condition, undefined);
  }

  /** The HTTP connection of a request is gone before its response. */
  abandon(reply: BoshReply): void {
    if (!this.#held.abandon(reply)) return;
    this.#responses.settle();
    this.#watchInactivity();
  }

  #repeat(rid: number, reply: BoshReply): void {
    const condition = this.#responses.repeat(rid, reply);
    if (condition !== undefined) return this.#fail(condition, reply);
    this.#watchInactivity();
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
    if (this.#responses.isTooMuch(body)) return this.#fail("policy-violation", reply);
    const pause = this.#pauseOf(body);
    this.#responses.accept(body, reply, { cameEarly, isPause: pause !== undefined });
    this.#inactivity.seconds = pause ?? this.parameters.inactivity;
    this.#watchInactivity();
    if (body.restart) this.#openStream(body);
    else this.#deliver(body);
    if (attributes.get("type") === "terminate") return this.#stream.finish();
    if (pause !== undefined) this.#held.makeAllDue();
    this.#responses.settle();
  }

  #openStream(body: BoshBody): void {
    // XEP-0206 section 6: stanzas in a restart request are ignored.
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

  // The connection

  send(text: string): void {
    this.#responses.send(text);
    if (this.#isTooMuch()) {
      this.#responses.close();
      this.#stream.fail(new StreamError("policy-violation", { text: "Too much waits to be read" }));
    }
  }

  #isTooMuch(): boolean {
    if (this.#isIdentified) return this.backlog > MAX_BACKLOG;
    return this.backlog + this.#responses.buffered > MAX_STRANGER_BACKLOG;
  }

  probe(token: number): boolean {
    return this.#responses.probe(token);
  }

  /** The client knows its stream by `sid`; the id goes into `authid`. */
  sendHeader({ id }: StreamHeader): void {
    this.#responses.authid = id;
  }

  expectHeader(): void {}

  identified(): void {
    this.#isIdentified = true;
  }

  startTls(): void {}

  /** A client may have no more unanswered requests than granted: XEP-0124 section 11. */
  pause(): void {
    this.#stream.hold();
    this.#responses.isPaused = true;
  }

  resume(): void {
    this.#responses.isPaused = false;
    this.#stream.release();
    this.#responses.settle();
  }

  close(error?: StreamError): void {
    if (this.#closed) return;
    const payloads = this.#responses.close();
    if (error === undefined) this.#terminate(payloads, undefined);
    else this.#terminate([...payloads, error.toMarkup().text], "remote-stream-error");
  }

  // The end: sections 13 and 17

  /** Section 13: the oldest connection gets the error, the others an empty response. */
  #terminate(payloads: readonly string[], condition: BoshCondition | undefined): void {
    const oldest = this.#held.oldestLive;
    const attributes = oldest?.creation;
    const text = writeBody({ type: "terminate", condition, attributes, payloads });
    const replies = this.#stop();
    if (oldest?.reply === undefined && this.#options.staysUp()) {
      this.#farewell = { text, condition };
      this.#inactivity.start(() => this.#options.onEnd(this));
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
    this.#inactivity.stop();
    reply(text, condition);
    this.#options.onEnd(this);
  }

  /** A terminal binding condition, for the request at fault and the other open requests. */
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
    this.#inactivity.stop();
    this.#responses.close();
    return this.#held.clear();
  }

  // Pause and inactivity: section 10

  /** Seconds. A pause longer than the granted one is refused. */
  #pauseOf({ attributes }: BoshBody): number | undefined {
    const text = attributes.get("pause");
    const seconds = text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
    return seconds <= this.parameters.pauseMax ? seconds : undefined;
  }

  /** The inactivity timer runs while no request is held. */
  #watchInactivity(): void {
    this.#inactivity.stop();
    if (this.#closed || this.#held.liveCount > 0) return;
    this.#inactivity.start(() => {
      for (const reply of this.#stop()) this.#refuse(reply, "item-not-found");
      this.#options.onEnd(this);
      this.#stream.lost();
    });
  }
}
