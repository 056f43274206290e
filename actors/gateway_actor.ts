/**
 * The gateway actor: one per domain that a gateway serves. A message for it is durable before it counts as accepted, and
 * waits for the gateway's answer, tried again and again; messages to one address keep their order. Its rows in the store
 * belong to an account named as the domain. XEP-0079 3.3.1, `deliver=gateway`.
 * @module
 */
import { expired, type Met, nextDeadline } from "../amp/evaluate.ts";
import type { Outcome } from "../amp/outcome.ts";
import { type NonePlan, type Plan, plan } from "../amp/plan.ts";
import { encodeState, type RuleState } from "../amp/rule_state.ts";
import { verdictOn } from "../amp/verdict.ts";
import { archivable } from "../modules/archive_policy.ts";
import { seqTime } from "../store/sequence.ts";
import type { ArchiveEntry, NewMessage, PendingMessage, StoreCall, StoreFault } from "../store/store.ts";
import { StanzaError } from "../xmpp/errors.ts";
import type { Stanza } from "../xmpp/stanza.ts";
import type { DueEvent } from "./delivery/ending.ts";
import { isEphemeral } from "./delivery/ephemeral.ts";
import { takeIn } from "./delivery/intake.ts";
import { eventCalls, fire, ruledOut, ruleEvent, sendEvent } from "./delivery/rule_events.ts";
import { attempt, pauseAfter } from "./gateway/attempt.ts";
import { flightFromRow, type GatewayFlight, type Lane, Lanes } from "./gateway/gateway_flight.ts";
import { viaOf, withVia } from "./gateway/via.ts";
import type { Gateway, GatewayAnswer } from "./gateway.ts";
import type { Node } from "./node.ts";
import type { Envelope, GatewayActorMessage, GatewayRef, Receipt } from "./protocol.ts";
import type { Actor } from "./runtime/mailbox.ts";

/** Messages held in memory; the others wait in the store. */
const MAX_HELD = 1000;
/** With those whose commit is awaited; above it a message is refused. */
const MAX_HELD_EVER = 10_000;
/** Attempts under way at a time. */
const MAX_SENDING = 16;

type Refusal = "resource-constraint" | "internal-server-error";

const REFUSED: NonePlan = { kind: "none", reason: "no-account", silent: false };

export interface GatewayStart {
  readonly domain: string;
  readonly gateway: Gateway;
  readonly self: () => GatewayRef;
}

export class GatewayActor implements Actor<GatewayActorMessage> {
  readonly #node: () => Node;
  readonly #start: GatewayStart;
  readonly #held = new Map<number, GatewayFlight>();
  readonly #lanes = new Lanes();
  #sending = 0;
  /** Rows beyond `readTo` wait in the store alone. */
  #hasMore = true;
  #isReading = false;
  #readTo = 0;
  #isStopped = false;

  constructor(node: () => Node, start: GatewayStart) {
    this.#node = node;
    this.#start = start;
  }

  receive(message: GatewayActorMessage): void {
    switch (message.kind) {
      case "start":
        return this.#onStart();
      case "stanza":
        return this.#onStanza(message);
      case "rows":
        return this.#onRows(message.rows);
      case "committed":
        return this.#onCommitted(message.seq, message.fault);
      case "answered":
        return this.#onAnswered(message.seq, message.answer);
      case "retry":
        return this.#onRetry(message.seq);
      case "expire":
        return this.#onExpire(message.seq);
      default:
        message satisfies never;
    }
  }

  stopped(): void {
    this.#isStopped = true;
    for (const lane of this.#lanes.all()) lane.cancelPause?.();
  }

  #onStart(): void {
    const node = this.#node();
    const failed = (error: unknown) => node.log.error("cannot open gateway", { domain: this.#start.domain, error });
    node.database.createAccount(this.#start.domain, {}, node.now()).then(() => this.#readMore(), failed);
  }

  // Intake: XEP-0079 2.2

  #onStanza(envelope: Envelope): void {
    const { stanza } = envelope;
    if (stanza.name === "message") return this.#onMessage(envelope);
    const isRequest = stanza.name === "iq" && (stanza.type === "get" || stanza.type === "set");
    if (isRequest) this.#node().route(stanza.error(new StanzaError("service-unavailable")));
  }

  #onMessage(envelope: Envelope): void {
    const node = this.#node();
    const { receipt } = envelope;
    if (envelope.stanza.type === "error" || isEphemeral(envelope.stanza)) return finish(receipt, { kind: "dropped" });
    if (this.#held.size >= MAX_HELD_EVER) {
      return this.#refuse(envelope.stanza, envelope.via.length > 0, receipt, "resource-constraint");
    }
    // A gateway has no presence to hide.
    const taken = takeIn(envelope.stanza, { limits: node.settings.ruleLimits, now: node.now(), maySee: () => true });
    if (taken.kind === "refused") {
      node.route(taken.reply, { notice: true });
      return finish(receipt, { kind: "none", condition: taken.condition });
    }
    const rules = taken.kind === "ruled" ? taken.rules : envelope.rules;
    const stanza = withVia(taken.stanza, envelope.via);
    if (rules === undefined) return this.#keep(envelope, stanza, undefined, undefined);
    const verdict = verdictOn(rules, this.#plan(stanza), node.now());
    if (verdict.kind !== "default") return this.#endAtReceipt(envelope, stanza, verdict, rules);
    const now = verdict.notify?.when === "now" ? verdict.notify : undefined;
    const event = now && ruleEvent(node, now, rules);
    this.#keep(envelope, stanza, now === undefined ? rules : fire(rules, now), event);
  }

  #plan(stanza: Stanza): Plan {
    const storage = { offline: false, archive: false, storable: false };
    const to = stanza.to!;
    return plan({
      messageType: "normal",
      to,
      accountExists: true,
      blocked: false,
      resources: [],
      storage,
      gateway: true,
    });
  }

  #archive(envelope: Envelope, stanza: Stanza): readonly ArchiveEntry[] {
    if (!envelope.archiveSender || !archivable(stanza)) return [];
    return [{ owner: stanza.from!.bare.text, peer: stanza.to!.bare.text }];
  }

  /** `event` is what the sender is told as soon as the message is in the log. */
  #keep(envelope: Envelope, stanza: Stanza, rules: RuleState | undefined, event: DueEvent | undefined): void {
    const node = this.#node();
    const seq = node.seqs.next();
    const deadline = rules && nextDeadline(rules.rules, rules.fired);
    const pending = { owner: this.#start.domain, rules: rules && encodeState(rules), deadline };
    const row: NewMessage = { seq, text: stanza.toString(), archive: this.#archive(envelope, stanza), pending };
    const ending = event && { event, error: undefined, outcome: { kind: "gateway" } as const };
    const flight: GatewayFlight = {
      ...flightFromRow({ seq, text: row.text, rules: undefined, deadline: undefined, archived: false }),
      rules,
      receipt: envelope.receipt,
      phase: "committing",
      ending,
    };
    this.#held.set(seq, flight);
    this.#commit(seq, [["append", [row]], ...eventCalls(event)]);
    if (deadline !== undefined) node.expiry.tell({ kind: "deadline", at: deadline });
  }

  #endAtReceipt(envelope: Envelope, stanza: Stanza, met: Met, rules: RuleState): void {
    const node = this.#node();
    const archive = this.#archive(envelope, stanza);
    const event = ruleEvent(node, met, rules);
    const seq = node.seqs.next();
    const calls = [...eventCalls(event)];
    if (archive.length > 0) calls.push(["append", [{ seq, text: stanza.toString(), archive }]]);
    const flight = flightFromRow({
      seq,
      text: stanza.toString(),
      rules: undefined,
      deadline: undefined,
      archived: false,
    });
    flight.receipt = envelope.receipt;
    this.#held.set(seq, flight);
    this.#end(flight, ruledOut(met), event, undefined, calls);
  }

  // Commits

  #commit(seq: number, calls: readonly StoreCall[]): void {
    const told = (fault: StoreFault | undefined) => this.#start.self().tell({ kind: "committed", seq, fault });
    this.#node().store.tell({
      kind: "calls",
      calls,
      resolve: (replies) => told(replies.map((reply) => ("fault" in reply ? reply.fault : undefined)).find(Boolean)),
      reject: told,
    });
  }

  #onCommitted(seq: number, fault: StoreFault | undefined): void {
    const flight = this.#held.get(seq);
    if (flight?.phase === "ending") return this.#onEnded(flight, fault);
    if (flight?.phase !== "committing") return;
    if (fault !== undefined) return this.#refuseUnkept(flight, fault);
    sendEvent(this.#node(), flight.ending?.event);
    flight.ending = undefined;
    accept(flight);
    if (this.#hasMore || this.#held.size > MAX_HELD) return this.#leaveInStore(flight);
    this.#readTo = Math.max(this.#readTo, seq);
    this.#queue(flight);
  }

  /** Older ones wait there: it is read after them. An application that waits for the outcome is told that it is stored. */
  #leaveInStore(flight: GatewayFlight): void {
    this.#hasMore = true;
    this.#held.delete(flight.seq);
    finish(flight.receipt, { kind: "stored" });
    this.#readMore();
  }

  #refuseUnkept(flight: GatewayFlight, fault: StoreFault): void {
    const condition = fault.kind === "full" || fault.kind === "busy" ? "resource-constraint" : "internal-server-error";
    this.#held.delete(flight.seq);
    this.#refuse(flight.stanza, viaOf(flight.stanza) !== undefined, flight.receipt, condition);
  }

  /** A forwarding account decides by itself what becomes of a message that is refused. */
  #refuse(stanza: Stanza, isForwarded: boolean, receipt: Receipt | undefined, condition: Refusal): void {
    if (!isForwarded) this.#node().route(stanza.error(new StanzaError(condition, { type: "wait" })));
    finish(receipt, { kind: "none", condition });
  }

  // What waits

  #readMore(): void {
    if (!this.#hasMore || this.#isReading || this.#held.size > MAX_HELD / 2) return;
    this.#isReading = true;
    const { domain, self } = this.#start;
    const node = this.#node();
    node.database.pending(domain, this.#readTo, MAX_HELD / 2).then(
      (rows) => self().tell({ kind: "rows", rows }),
      (error) => {
        node.log.error("cannot read messages for gateway", { domain, error });
        node.schedule(pauseAfter(1), () => self().tell({ kind: "rows", rows: undefined }));
      },
    );
  }

  #onRows(rows: readonly PendingMessage[] | undefined): void {
    this.#isReading = false;
    if (rows === undefined) return this.#readMore();
    this.#hasMore = rows.length === MAX_HELD / 2;
    for (const row of rows) {
      this.#readTo = row.seq;
      if (this.#held.has(row.seq)) continue;
      const flight = flightFromRow(row);
      this.#held.set(row.seq, flight);
      this.#queue(flight);
    }
  }

  #queue(flight: GatewayFlight): void {
    flight.phase = "waiting";
    this.#proceed(this.#lanes.add(flight));
  }

  /** Hands over the first of a lane, unless it is under way or paused. */
  #proceed(lane: Lane): void {
    const [flight] = lane.flights;
    if (flight === undefined || flight.phase !== "waiting" || lane.cancelPause !== undefined) return;
    if (this.#sending >= MAX_SENDING || this.#isStopped) return;
    const { rules } = flight;
    const node = this.#node();
    const late = rules && expired(rules.rules, rules.fired, node.now());
    if (late && this.#isTakenOut(flight, late)) return;
    const verdict = flight.rules && verdictOn(flight.rules, this.#plan(flight.stanza), node.now());
    flight.onAccepted =
      verdict?.kind === "default" && verdict.notify?.when === "handed-over" ? verdict.notify : undefined;
    flight.phase = "sending";
    flight.attempts++;
    this.#sending++;
    const { gateway, self } = this.#start;
    attempt(gateway, flight, node.stanzaId(flight.seq), (ms, task) => node.schedule(ms, task)).then((answer) =>
      self().tell({ kind: "answered", seq: flight.seq, answer }),
    );
  }

  #onAnswered(seq: number, answer: GatewayAnswer | Error): void {
    this.#sending--;
    const flight = this.#held.get(seq);
    if (flight?.phase === "sending") {
      if (answer === "accepted") this.#onTaken(flight);
      else if (answer === "refused") this.#onRefused(flight);
      else this.#onFailed(flight, answer);
    }
    for (const lane of this.#lanes.all()) {
      if (this.#sending >= MAX_SENDING) break;
      this.#proceed(lane);
    }
  }

  #settle(flight: GatewayFlight): StoreCall {
    return ["settle", [{ owner: this.#start.domain, seq: flight.seq }]];
  }

  #onTaken(flight: GatewayFlight): void {
    const event = flight.onAccepted && ruleEvent(this.#node(), flight.onAccepted, flight.rules!);
    this.#end(flight, { kind: "gateway" }, event, undefined, [this.#settle(flight)]);
  }

  /** For good, or for too long: nothing delivers it. */
  #onRefused(flight: GatewayFlight): void {
    const { stanza, rules } = flight;
    const node = this.#node();
    const error = stanza.error(new StanzaError("service-unavailable"), viaOf(stanza));
    const verdict = rules && verdictOn(rules, REFUSED, node.now());
    const met = verdict?.kind === "default" ? verdict.notify : verdict;
    const event = met && ruleEvent(node, met, rules!);
    const isRuled = verdict !== undefined && verdict.kind !== "default";
    const outcome: Outcome = isRuled ? ruledOut(verdict) : { kind: "none", condition: "service-unavailable" };
    this.#end(flight, outcome, event, isRuled ? undefined : error, [this.#settle(flight)]);
  }

  #onFailed(flight: GatewayFlight, error: Error): void {
    const node = this.#node();
    const { gateway, domain, self } = this.#start;
    node.log.warn("gateway gives no answer", { domain, attempt: flight.attempts, error: error.message });
    flight.phase = "waiting";
    const pause = pauseAfter(flight.attempts);
    if (node.now() + pause - seqTime(flight.seq) > gateway.retryMs) return this.#onRefused(flight);
    const lane = this.#lanes.of(flight);
    if (lane === undefined) return;
    lane.cancelPause = node.schedule(pause, () => self().tell({ kind: "retry", seq: flight.seq }));
  }

  #onRetry(seq: number): void {
    const flight = this.#held.get(seq);
    const lane = flight && this.#lanes.of(flight);
    if (lane === undefined || lane.flights[0] !== flight) return;
    lane.cancelPause = undefined;
    this.#proceed(lane);
  }

  // Deadlines: XEP-0079 3.3.2

  #onExpire(seq: number): void {
    const flight = this.#held.get(seq);
    const late = flight?.rules && expired(flight.rules.rules, flight.rules.fired, this.#node().now());
    // With the gateway it may have been delivered already: its answer decides. One that is not held is looked at when it is read.
    if (late && flight.phase === "waiting") this.#isTakenOut(flight, late);
  }

  /** Returns false for a `notify`, which leaves the message. */
  #isTakenOut(flight: GatewayFlight, met: Met): boolean {
    const node = this.#node();
    const event = ruleEvent(node, met, flight.rules!);
    if (met.rule.action !== "notify") {
      this.#end(flight, ruledOut(met), event, undefined, [["withdraw", this.#start.domain, flight.seq]]);
      return true;
    }
    const rules = fire(flight.rules!, met);
    flight.rules = rules;
    const deadline = nextDeadline(rules.rules, rules.fired);
    const calls: StoreCall[] = [
      ["setRules", this.#start.domain, flight.seq, encodeState(rules), deadline],
      ...eventCalls(event),
    ];
    const failed = (error: unknown) => node.log.error("cannot report deadline", { seq: flight.seq, error });
    node.store.tell({ kind: "calls", calls, resolve: () => sendEvent(node, event), reject: failed });
    return false;
  }

  // Ends

  #end(
    flight: GatewayFlight,
    outcome: Outcome,
    event: DueEvent | undefined,
    error: Stanza | undefined,
    calls: readonly StoreCall[],
  ): void {
    flight.phase = "ending";
    flight.ending = { event, error, outcome };
    const all = [...calls, ...eventCalls(event)];
    if (all.length > 0) this.#commit(flight.seq, all);
    else this.#onEnded(flight, undefined);
  }

  #onEnded(flight: GatewayFlight, fault: StoreFault | undefined): void {
    const node = this.#node();
    const { event, error, outcome } = flight.ending!;
    if (fault !== undefined) {
      node.log.error("answer of gateway not kept", { domain: this.#start.domain, seq: flight.seq, fault: fault.kind });
    } else {
      sendEvent(node, event);
      if (error !== undefined) node.route(error);
    }
    this.#held.delete(flight.seq);
    finish(flight.receipt, outcome);
    const lane = this.#lanes.remove(flight);
    if (lane !== undefined) this.#proceed(lane);
    this.#readMore();
  }
}

function finish(receipt: Receipt | undefined, outcome: Outcome): void {
  receipt?.outcome(outcome);
  receipt?.accepted();
}

function accept(flight: GatewayFlight): void {
  const { receipt } = flight;
  receipt?.accepted();
  if (receipt?.waits === false) flight.receipt = undefined;
}
