/**
 * The delivery actor: one per recipient bare JID, made by its UserActor. Everything addressed to that user passes its
 * mailbox, so that order holds. It evaluates AMP (XEP-0079), asks the resource actors, forwards to them or to the
 * store actor, and reports what became of each message only when that is so.
 * @module
 */
import { evaluate, expired, type Met, NOTHING_FIRED, nextDeadline } from "../amp/evaluate.ts";
import type { Outcome } from "../amp/outcome.ts";
import {
  type NonePlan,
  ordinaryError,
  type Plan,
  type PlanInput,
  plan as planFor,
  type ResourceAnswer,
} from "../amp/plan.ts";
import { presenceFault, readRequest } from "../amp/read.ts";
import { failedRules, missingId, notice, refusal } from "../amp/reply.ts";
import type { Action } from "../amp/rule.ts";
import { decodeState, encodeState, type RuleState } from "../amp/rule_state.ts";
import { archivable, storable } from "../modules/archive_policy.ts";
import { isBlocked } from "../modules/blocking/block_list.ts";
import { carbonCopy, carbonEligible } from "../modules/carbons/carbon_copy.ts";
import type { ArchiveEntry, NewMessage, PendingEntry, PendingMessage, StoreCall, StoreFault } from "../store/store.ts";
import { StanzaError } from "../xmpp/errors.ts";
import { Jid } from "../xmpp/jid.ts";
import { NS } from "../xmpp/ns.ts";
import { Stanza } from "../xmpp/stanza.ts";
import { forDevice, withDelay, withoutRules, withoutStanzaIds } from "./delivery/compose.ts";
import { isEphemeral } from "./delivery/ephemeral.ts";
import type { DueEvent, InFlight } from "./delivery/in_flight.ts";
import type { Node } from "./node.ts";
import { archives } from "./profile.ts";
import type { DeliveryMessage, DeliveryRef, Envelope, Profile, ResourceEntry, UserMessage } from "./protocol.ts";
import type { Actor, ActorRef } from "./runtime/mailbox.ts";

/** How many waiting messages are offered at a time; the next come when these are proved. */
const WINDOW = 100;
const DESCRIBE_MS = 2000;
/** Forwarding addresses that one message may come through. */
const MAX_HOPS = 5;

export interface DeliveryStart {
  readonly owner: Jid;
  readonly profile: Profile;
  readonly hasPending: boolean;
  readonly user: ActorRef<UserMessage>;
  readonly self: () => DeliveryRef;
}

interface Flush {
  /** The last row that has been read. */
  after: number;
  /** Offered and not yet proved. */
  readonly open: Set<number>;
  readonly seenUntil: number;
}

export class DeliveryActor implements Actor<DeliveryMessage> {
  readonly #node: Node;
  readonly #owner: Jid;
  readonly #user: ActorRef<UserMessage>;
  readonly #self: () => DeliveryRef;
  #profile: Profile;
  #inFlight = new Map<number, InFlight>();
  #hasPending: boolean;
  #flush: Flush | undefined;
  /** Rows that wait, counted from the first time that it matters. */
  #pendingCount: number | undefined;

  constructor(node: Node, start: DeliveryStart) {
    this.#node = node;
    this.#owner = start.owner;
    this.#profile = start.profile;
    this.#hasPending = start.hasPending;
    this.#user = start.user;
    this.#self = start.self;
  }

  /** Nothing is under way. */
  get quiet(): boolean {
    return this.#inFlight.size === 0 && this.#flush === undefined;
  }

  receive(message: DeliveryMessage): void | Promise<void> {
    switch (message.kind) {
      case "stanza":
        return this.#onStanza(message);
      case "profile":
        this.#profile = message.profile;
        return;
      case "sent":
        return this.#onSent(message.stanza, message.resource);
      case "proved":
        return this.#onProved(message.seqs, message.resource);
      case "unproved":
        return this.#onUnproved(message.seqs);
      case "committed":
        return this.#onCommitted(message.seqs);
      case "refused":
        return this.#onRefused(message.seqs, message.fault);
      case "flush":
        return this.#onFlush(message.seenUntil);
      case "expire":
        return this.#onExpire(message.seq);
      default:
        message satisfies never;
    }
  }

  #onStanza(envelope: Envelope): void | Promise<void> {
    switch (envelope.stanza.name) {
      case "message":
        return this.#onMessage(envelope);
      case "presence":
        return this.#onPresence(envelope.stanza);
      case "iq":
        return this.#onIq(envelope.stanza);
      default:
        envelope.stanza.name satisfies never;
    }
  }

  #isBlocked(from: Jid): boolean {
    const { blocked } = this.#profile;
    return blocked.size > 0 && isBlocked(blocked, from) && !from.bare.equals(this.#owner);
  }

  /** Whether a message may wait for this user. */
  get #offline(): boolean {
    return this.#node.settings.offline && this.#profile.persistent;
  }

  #resource(name: string): ResourceEntry | undefined {
    for (const entry of this.#profile.resources) if (entry.resource === name) return entry;
    return undefined;
  }

  // Messages

  #onMessage(envelope: Envelope): void | Promise<void> {
    const stanza = withoutStanzaIds(envelope.stanza);
    if (envelope.notice || stanza.type === "error" || !stanza.has("amp", NS.AMP)) {
      return this.#decide(envelope, stanza, undefined);
    }
    const read = readRequest(stanza.payloadText("amp", NS.AMP)!, this.#node.settings.ruleLimits, this.#node.now());
    const plain = withoutRules(stanza);
    if (read.kind === "notice") return this.#decide(envelope, plain, undefined);
    const sender = stanza.from!;
    const domain = Jid.of("", this.#owner.domain);
    if (!stanza.id) return this.#refuse(envelope, missingId({ domain, sender }), "bad-request");
    if (read.kind === "invalid") {
      const condition = read.fault.kind === "invalid-rules" ? "not-acceptable" : "bad-request";
      return this.#refuse(envelope, refusal(read.fault, { domain, sender, id: stanza.id }), condition);
    }
    const fault = this.#mayLearnPresence(sender) ? undefined : presenceFault(read.rules);
    if (fault) return this.#refuse(envelope, refusal(fault, { domain, sender, id: stanza.id }), "not-acceptable");
    return this.#decide(envelope, plain, {
      rules: read.rules,
      perHop: read.perHop,
      fired: NOTHING_FIRED,
      settled: false,
      sender,
      recipient: stanza.to!,
      id: stanza.id,
    });
  }

  /** XEP-0079 section 9, checked at validation, before and independent of the outcome. */
  #mayLearnPresence(sender: Jid): boolean {
    if (this.#node.settings.presencePolicy === "open") return true;
    return sender.bare.equals(this.#owner) || sender.local === "" || this.#profile.watchers.has(sender.bare.text);
  }

  #refuse(envelope: Envelope, reply: Stanza, condition: Extract<Outcome, { kind: "none" }>["condition"]): void {
    this.#event(reply);
    this.#finish(envelope.receipt, { kind: "none", condition });
  }

  #event(stanza: Stanza, seq = 0): void {
    this.#node.route(stanza, { notice: true, seq });
  }

  #finish(receipt: Envelope["receipt"], outcome: Outcome): void {
    if (receipt === undefined) return;
    receipt.accepted();
    receipt.outcome(outcome);
  }

  /** 2.2.2 the default action, 2.2.3 the rules in order, 2.2.4 the decided action. */
  #decide(envelope: Envelope, stanza: Stanza, rules: RuleState | undefined): void | Promise<void> {
    const exact = stanza.to!.resource === "" ? undefined : this.#resource(stanza.to!.resource);
    const blocked = this.#isBlocked(stanza.from!);
    if (rules === undefined && exact !== undefined && !blocked) {
      return this.#carryOut(envelope, stanza, { kind: "direct", resources: [exact.resource] }, undefined, undefined);
    }
    if (!blocked && this.#willStore(stanza) && this.#pendingCount === undefined) {
      return this.#countPending().then(() => this.#decide(envelope, stanza, rules));
    }
    if (rules === undefined) {
      return this.#carryOut(
        envelope,
        stanza,
        planFor(this.#planInput(envelope, stanza, this.#profile.resources, "refuse")),
        undefined,
        undefined,
      );
    }
    const answers = this.#askResources();
    if (answers instanceof Promise) return answers.then((known) => this.#judge(envelope, stanza, rules, known));
    return this.#judge(envelope, stanza, rules, answers);
  }

  /** Whether nobody is there to take it, so that the bound on stored messages matters. */
  #willStore(stanza: Stanza): boolean {
    if (!this.#offline || !storable(stanza)) return false;
    return !this.#profile.resources.some((entry) => entry.available && entry.priority >= 0);
  }

  async #countPending(): Promise<void> {
    this.#pendingCount = await this.#node.database.pendingCount(this.#owner.text);
  }

  /** What the resource actors answer (XEP-0079 match-resource). */
  #askResources(): readonly ResourceAnswer[] | Promise<readonly ResourceAnswer[]> {
    const { resources } = this.#profile;
    if (resources.length === 0) return resources;
    const answers = resources.map((entry) =>
      entry.ref.ask<ResourceAnswer>((reply) => ({ kind: "describe", reply }), DESCRIBE_MS),
    );
    return answers.some((answer) => answer instanceof Promise) ? Promise.all(answers) : (answers as ResourceAnswer[]);
  }

  #judge(envelope: Envelope, stanza: Stanza, rules: RuleState, answers: readonly ResourceAnswer[]): void {
    const plan = planFor(this.#planInput(envelope, stanza, answers));
    const verdict = evaluate(rules.rules, plan, this.#ruleContext(rules));
    if (verdict.kind === "default") return this.#carryOut(envelope, stanza, plan, rules, verdict.notify);
    this.#keepForSender(envelope, stanza);
    this.#sendRuleEvent(verdict.kind, verdict, rules);
    this.#finish(envelope.receipt, ruledOut(verdict));
  }

  #ruleContext(rules: RuleState) {
    const { fired, perHop, recipient } = rules;
    return { now: this.#node.now(), to: { resource: recipient.resource }, fired, perHop };
  }

  /** The event of `alert` or `error`; `drop` has none. */
  #sendRuleEvent(action: Action, met: Met, rules: RuleState): void {
    const event = this.#ruleEvent(action, met, rules);
    if (event !== undefined) this.#event(event);
  }

  #ruleEvent(action: Action, met: Met, rules: RuleState): Stanza | undefined {
    const { sender, recipient, id } = rules;
    const address = { domain: Jid.of("", this.#owner.domain), sender, recipient, id };
    if (action === "drop") return undefined;
    return action === "error" ? failedRules([met.rule], address) : notice(action, met.rule, address);
  }

  /** RFC 6121 section 8.5.3.2.1 has a normal message to a resource that is gone refused; one with rules, or once accepted, goes on as to the bare JID. */
  #planInput(
    envelope: Pick<Envelope, "notice" | "hops">,
    stanza: Stanza,
    resources: readonly ResourceAnswer[],
    unmatchedNormal: "bare" | "refuse" = "bare",
  ): PlanInput {
    const { settings } = this.#node;
    const { forwardTo } = this.#profile;
    return {
      // An event that finds its sender's device gone goes to the bare JID, an error like any other.
      messageType: envelope.notice ? "normal" : messageType(stanza),
      unmatchedNormal: envelope.notice ? "bare" : unmatchedNormal,
      to: stanza.to!,
      accountExists: this.#profile.exists,
      blocked: this.#isBlocked(stanza.from!),
      ephemeral: isEphemeral(stanza),
      resources,
      storage: {
        offline: this.#offline,
        archive: settings.archive && this.#profile.persistent && !envelope.notice && archivable(stanza),
        storable: envelope.notice || storable(stanza),
        full: (this.#pendingCount ?? 0) >= settings.offlineMessages,
      },
      ...(forwardTo !== undefined && !envelope.notice && envelope.hops < MAX_HOPS && { forwardTo: forwardTo.text }),
    };
  }

  /** 2.2.4. */
  #carryOut(
    envelope: Envelope,
    stanza: Stanza,
    plan: Plan,
    rules: RuleState | undefined,
    notify: (Met & { readonly when: string }) | undefined,
  ): void {
    if (notify?.when === "now" && rules !== undefined) {
      this.#sendRuleEvent("notify", notify, rules);
      rules = fire(rules, notify);
    }
    switch (plan.kind) {
      case "direct":
        return this.#sendDirect(
          envelope,
          stanza,
          plan.resources,
          rules,
          notify?.when === "received" ? notify : undefined,
        );
      case "stored":
        return this.#keep(envelope, stanza, rules, notify?.when === "stored" ? notify : undefined);
      case "forward":
        return this.#forward(
          envelope,
          stanza,
          Jid.parse(plan.to),
          rules,
          notify?.when === "handed-over" ? notify : undefined,
        );
      case "none":
        return this.#undeliverable(envelope, stanza, plan);
      case "gateway":
        throw new Error("Cannot deliver message: an account is not served by a gateway");
      default:
        plan satisfies never;
    }
  }

  /** Archive rows of both sides, as their settings have it. */
  #archiveEntries(envelope: Envelope, stanza: Stanza, forRecipient: boolean): readonly ArchiveEntry[] {
    if (!this.#node.settings.archive || envelope.notice || !archivable(stanza)) return NO_ENTRIES;
    const sender = stanza.from!.bare;
    const entries: ArchiveEntry[] = [];
    if (envelope.archiveSender) entries.push({ owner: sender.text, peer: this.#owner.text });
    if (forRecipient && this.#profile.persistent && archives(this.#profile, sender) && !sender.equals(this.#owner)) {
      entries.push({ owner: this.#owner.text, peer: sender.text });
    }
    return entries;
  }

  #append(message: NewMessage, wanted: boolean): void {
    this.#node.store.tell({ kind: "append", message, from: this.#self(), wanted });
    if (message.pending?.deadline !== undefined)
      this.#node.expiry.tell({ kind: "deadline", at: message.pending.deadline });
  }

  /** The sender's own archive keeps what the recipient never gets. */
  #keepForSender(envelope: Envelope, stanza: Stanza): void {
    const archive = this.#archiveEntries(envelope, stanza, false);
    if (archive.length > 0) this.#append({ seq: this.#node.seqs.next(), text: stanza.toString(), archive }, false);
  }

  #pendingEntry(rules: RuleState | undefined): PendingEntry {
    if (rules === undefined) return { owner: this.#owner.text };
    return {
      owner: this.#owner.text,
      rules: encodeState(rules),
      deadline: nextDeadline(rules.rules, rules.fired),
    };
  }

  #sendDirect(
    envelope: Envelope,
    stanza: Stanza,
    resources: readonly string[],
    rules: RuleState | undefined,
    onProof: Met | undefined,
  ): void {
    const keeps = envelope.notice || storable(stanza);
    const archive = this.#archiveEntries(envelope, stanza, true);
    const tracked = keeps || rules !== undefined || envelope.receipt?.waits === true;
    const seq = envelope.seq || (tracked || archive.length > 0 ? this.#node.seqs.next() : 0);
    const row = keeps && this.#offline;
    if (envelope.seq === 0 && (row || archive.length > 0)) {
      const pending = row ? this.#pendingEntry(rules) : undefined;
      this.#append({ seq, text: stanza.toString(), archive, pending }, false);
    }
    if (!tracked) envelope.receipt?.accepted();
    else {
      const state = envelope.seq > 0 ? "durable" : row ? "queued" : "none";
      this.#inFlight.set(seq, {
        seq,
        stanza,
        rules,
        receipt: envelope.receipt,
        notice: envelope.notice,
        row: state,
        counted: false,
        targets: 0,
        onProof,
        onCommit: undefined,
        resting: false,
      });
      if (this.#flush !== undefined && row) return this.#queueBehindFlush(seq);
    }
    this.#toResources(stanza, resources, rules, tracked ? seq : 0, seq);
    this.#copyToOthers(stanza, resources, envelope.notice);
  }

  /** Older messages are on their way from storage: this one comes after them, from there. */
  #queueBehindFlush(seq: number): void {
    const flight = this.#inFlight.get(seq)!;
    this.#hasPending = true;
    flight.resting = true;
    if (flight.row === "durable") this.#inFlight.delete(seq);
  }

  #toResources(
    stanza: Stanza,
    resources: readonly string[],
    rules: RuleState | undefined,
    tracked: number,
    seq: number,
  ): void {
    const device = forDevice(stanza, this.#owner, seq > 0 ? this.#node.stanzaId(seq) : undefined, rules);
    const flight = tracked > 0 ? this.#inFlight.get(tracked) : undefined;
    for (const name of resources) {
      const entry = this.#resource(name);
      if (entry === undefined) continue;
      if (flight !== undefined) flight.targets++;
      entry.ref.tell({ kind: "deliver", stanza: device, seq: tracked });
    }
  }

  /** XEP-0280 section 7: resources with carbons that did not get the message itself. */
  #copyToOthers(stanza: Stanza, resources: readonly string[], isNotice: boolean): void {
    if (isNotice) return;
    for (const entry of this.#profile.resources) {
      if (!entry.carbons || resources.includes(entry.resource) || stanza.from!.equals(entry.jid)) continue;
      if (!carbonEligible(stanza, "received")) return;
      entry.ref.tell({ kind: "deliver", stanza: carbonCopy(stanza, "received", entry.jid), seq: 0 });
    }
  }

  #onSent(stanza: Stanza, resource: string): void {
    if (!carbonEligible(stanza, "sent")) return;
    for (const entry of this.#profile.resources) {
      if (!entry.carbons || entry.resource === resource) continue;
      entry.ref.tell({ kind: "deliver", stanza: carbonCopy(stanza, "sent", entry.jid), seq: 0 });
    }
  }

  /** Into storage. The event of a `notify` for it lies in the same transaction and goes out after the commit. */
  #keep(envelope: Envelope, stanza: Stanza, rules: RuleState | undefined, notify: Met | undefined): void {
    const archive = this.#archiveEntries(envelope, stanza, true);
    const settled = rules && { ...(notify === undefined ? rules : fire(rules, notify)), settled: true };
    const pending = this.#offline ? this.#pendingEntry(settled) : undefined;
    const seq = envelope.seq || this.#node.seqs.next();
    const event = notify && rules && this.#logEvent(this.#ruleEvent("notify", notify, rules)!);
    if (pending !== undefined) {
      this.#hasPending = true;
      if (this.#pendingCount !== undefined) this.#pendingCount++;
    }
    if (envelope.seq > 0) return this.#finish(envelope.receipt, { kind: "stored" });
    const wanted = event !== undefined || envelope.receipt?.waits === true;
    this.#inFlight.set(seq, {
      seq,
      stanza,
      rules: settled,
      receipt: envelope.receipt,
      notice: envelope.notice,
      row: "queued",
      counted: pending !== undefined,
      targets: 0,
      onProof: undefined,
      onCommit: event,
      resting: true,
    });
    this.#append({ seq, text: stanza.toString(), archive, pending }, wanted);
  }

  /** Puts an event into the log, waiting for its receiver, in the transaction that is being gathered. */
  #logEvent(stanza: Stanza): DueEvent {
    const event = { stanza, seq: this.#node.seqs.next() };
    this.#append(this.#eventMessage(event), true);
    return event;
  }

  #eventMessage({ stanza, seq }: DueEvent): NewMessage {
    return { seq, text: stanza.toString(), archive: [], pending: { owner: stanza.to!.bare.text } };
  }

  #forward(envelope: Envelope, stanza: Stanza, to: Jid, rules: RuleState | undefined, notify: Met | undefined): void {
    const options = { receipt: undefined, archiveSender: envelope.archiveSender, hops: envelope.hops + 1 };
    this.#node.route(stanza.readdress({ to }), options);
    if (notify !== undefined && rules !== undefined) this.#sendRuleEvent("notify", notify, rules);
    this.#finish(envelope.receipt, { kind: "forwarded" });
  }

  #undeliverable(envelope: Envelope, stanza: Stanza, plan: NonePlan): void {
    this.#keepForSender(envelope, stanza);
    const condition = ordinaryError(plan);
    if (condition !== undefined && !envelope.notice) this.#bounce(stanza, new StanzaError(condition));
    this.#finish(envelope.receipt, condition === undefined ? { kind: "dropped" } : { kind: "none", condition });
  }

  #bounce(stanza: Stanza, error: StanzaError): void {
    if (stanza.type !== "error") this.#node.route(stanza.error(error));
  }

  // What becomes of them

  #onProved(seqs: readonly number[], resource: string): void {
    for (const seq of seqs) {
      const flight = this.#inFlight.get(seq);
      if (flight === undefined) continue;
      this.#inFlight.delete(seq);
      this.#flush?.open.delete(seq);
      if (flight.row !== "none") this.#node.store.tell({ kind: "settle", owner: this.#owner.text, seq });
      if (flight.counted && this.#pendingCount) this.#pendingCount--;
      if (flight.onProof && flight.rules) this.#sendRuleEvent("notify", flight.onProof, flight.rules);
      this.#finish(flight.receipt, { kind: "direct", resource });
    }
    this.#continueFlush();
  }

  #continueFlush(): void {
    if (this.#flush !== undefined && this.#flush.open.size === 0) {
      this.#self().tell({ kind: "flush", seenUntil: this.#flush.seenUntil });
    }
  }

  /** A session is over: its messages are planned again, with the rules that are still undecided. */
  #onUnproved(seqs: readonly number[]): void | Promise<void> {
    const lost = seqs.flatMap((seq) => {
      const flight = this.#inFlight.get(seq);
      if (flight === undefined || --flight.targets > 0) return [];
      return flight;
    });
    if (lost.length === 0) return;
    if (this.#flush !== undefined && lost.some((flight) => this.#flush?.open.has(flight.seq))) this.#flush = undefined;
    return this.#planAgain(lost);
  }

  async #planAgain(lost: readonly InFlight[]): Promise<void> {
    for (const flight of lost) {
      const envelope = { notice: flight.notice, hops: 0 };
      const answers = await this.#askResources();
      const plan = planFor(this.#planInput(envelope, flight.stanza, answers));
      await this.#replan(flight, plan);
    }
    if (this.#hasPending) this.#self().tell({ kind: "flush", seenUntil: 0 });
  }

  async #replan(flight: InFlight, plan: Plan): Promise<void> {
    const { rules } = flight;
    const verdict = rules && !rules.settled ? evaluate(rules.rules, plan, this.#ruleContext(rules)) : undefined;
    const late = rules?.settled ? expired(rules.rules, rules.fired, this.#node.now()) : undefined;
    if (rules && late && late.rule.action !== "notify") return this.#takeBack(flight, late, late.rule.action);
    if (rules && verdict && verdict.kind !== "default") return this.#takeBack(flight, verdict, verdict.kind);
    const notify = verdict?.kind === "default" ? verdict.notify : undefined;
    switch (plan.kind) {
      case "direct":
        flight.onProof = notify?.when === "received" ? notify : undefined;
        return this.#toResources(flight.stanza, plan.resources, rules, flight.seq, flight.seq);
      case "none":
        return flight.row === "none" ? this.#giveUp(flight, plan) : this.#rest(flight, undefined);
      default:
        return this.#rest(flight, notify?.when === "stored" ? notify : undefined);
    }
  }

  /** Back to storage: its row is there already, or on its way. */
  async #rest(flight: InFlight, notify: Met | undefined): Promise<void> {
    const { rules } = flight;
    if (flight.row === "none") return this.#giveUp(flight, { kind: "none", reason: "no-storage", silent: false });
    this.#hasPending = true;
    flight.resting = true;
    flight.onProof = undefined;
    if (rules !== undefined) {
      const settled = { ...(notify === undefined ? rules : fire(rules, notify)), settled: true };
      const event = notify && { stanza: this.#ruleEvent("notify", notify, rules)!, seq: this.#node.seqs.next() };
      const calls: StoreCall[] = [
        ["setRules", this.#owner.text, flight.seq, encodeState(settled), nextDeadline(settled.rules, settled.fired)],
      ];
      if (event) calls.push(["append", [this.#eventMessage(event)]]);
      flight.rules = settled;
      const fault = await this.#transaction(calls);
      if (fault !== undefined)
        return this.#node.log.error("message lies unreported", { seq: flight.seq, fault: fault.kind });
      if (event) this.#event(event.stanza, event.seq);
      flight.row = "durable";
    }
    if (flight.row === "durable") this.#rested(flight);
  }

  #rested(flight: InFlight): void {
    this.#inFlight.delete(flight.seq);
    if (flight.onCommit) this.#event(flight.onCommit.stanza, flight.onCommit.seq);
    this.#finish(flight.receipt, { kind: "stored" });
  }

  #giveUp(flight: InFlight, plan: NonePlan): void {
    this.#inFlight.delete(flight.seq);
    const condition = ordinaryError(plan);
    if (condition !== undefined && !flight.notice) this.#bounce(flight.stanza, new StanzaError(condition));
    this.#finish(flight.receipt, condition === undefined ? { kind: "dropped" } : { kind: "none", condition });
  }

  /** A rule takes the message out: of what waits and of the recipient's archive, in one transaction with its event. */
  async #takeBack(flight: InFlight, met: Met, action: "alert" | "drop" | "error"): Promise<void> {
    this.#inFlight.delete(flight.seq);
    this.#flush?.open.delete(flight.seq);
    const stanza = this.#ruleEvent(action, met, flight.rules!);
    const event = stanza && { stanza, seq: this.#node.seqs.next() };
    const calls: StoreCall[] = [["withdraw", this.#owner.text, flight.seq]];
    if (event) calls.push(["append", [this.#eventMessage(event)]]);
    const fault = await this.#transaction(calls);
    if (fault !== undefined)
      return this.#node.log.error("rule not carried out", { seq: flight.seq, fault: fault.kind });
    if (flight.counted && this.#pendingCount) this.#pendingCount--;
    if (event) this.#event(event.stanza, event.seq);
    this.#finish(flight.receipt, ruledOut(met));
  }

  #transaction(calls: readonly StoreCall[]): Promise<StoreFault | undefined> {
    return new Promise((resolve) => {
      this.#node.store.tell({
        kind: "calls",
        calls,
        resolve: (replies) => {
          const failed = replies.find((reply) => "fault" in reply);
          resolve(failed !== undefined && "fault" in failed ? failed.fault : undefined);
        },
        reject: resolve,
      });
    });
  }

  #onCommitted(seqs: readonly number[]): void {
    for (const seq of seqs) {
      const flight = this.#inFlight.get(seq);
      if (flight === undefined) continue;
      if (flight.row === "queued") flight.row = "durable";
      if (flight.resting) this.#rested(flight);
      else if (flight.row === "durable") flight.receipt?.accepted();
    }
  }

  /** The store cannot take them: what no device may still prove is answered with an error, and never called stored. */
  #onRefused(seqs: readonly number[], fault: StoreFault): void {
    const condition = fault.kind === "full" || fault.kind === "busy" ? "resource-constraint" : "internal-server-error";
    for (const seq of seqs) {
      const flight = this.#inFlight.get(seq);
      if (flight === undefined) continue;
      flight.row = "none";
      if (flight.targets > 0 && !flight.resting) continue;
      this.#inFlight.delete(seq);
      this.#bounce(flight.stanza, new StanzaError(condition, { type: "wait" }));
      this.#finish(flight.receipt, { kind: "none", condition });
    }
  }

  // Offline delivery (XEP-0160): in windows that wait for proof

  #ready(): boolean {
    return this.#profile.resources.some((entry) => entry.available && entry.priority >= 0);
  }

  #onFlush(seenUntil: number): void | Promise<void> {
    if (!this.#hasPending || !this.#ready()) return;
    if (this.#flush !== undefined && this.#flush.open.size > 0) return;
    this.#flush ??= { after: 0, open: new Set(), seenUntil };
    return this.#offerPage(this.#flush);
  }

  async #offerPage(flush: Flush): Promise<void> {
    while (flush.open.size === 0) {
      let rows: readonly PendingMessage[];
      try {
        rows = await this.#node.database.pending(this.#owner.text, flush.after, WINDOW);
      } catch (error) {
        this.#node.log.error("cannot read waiting messages", { owner: this.#owner.text, error });
        this.#flush = undefined;
        return;
      }
      if (rows.length === 0) {
        this.#hasPending = false;
        this.#pendingCount = 0;
        this.#flush = undefined;
        return;
      }
      for (const row of rows) await this.#offer(flush, row);
      if (!this.#ready()) break;
    }
  }

  async #offer(flush: Flush, row: PendingMessage): Promise<void> {
    flush.after = row.seq;
    const known = this.#inFlight.get(row.seq);
    if (known !== undefined && !known.resting) return;
    if (known !== undefined) this.#rested(known);
    if (row.archived && row.seq <= flush.seenUntil && row.rules === undefined) {
      return this.#node.store.tell({ kind: "settle", owner: this.#owner.text, seq: row.seq });
    }
    const flight = this.#fromRow(row);
    const { rules } = flight;
    const late = rules && expired(rules.rules, rules.fired, this.#node.now());
    if (late) {
      const gone = await this.#onLate(flight, late);
      if (gone) return;
    }
    const input = this.#planInput({ notice: flight.notice, hops: MAX_HOPS }, flight.stanza, this.#profile.resources);
    const plan = planFor(input);
    if (plan.kind !== "direct") return;
    const verdict = rules && !rules.settled ? evaluate(rules.rules, plan, this.#ruleContext(rules)) : undefined;
    if (verdict && verdict.kind !== "default") return this.#takeBack(flight, verdict, verdict.kind);
    if (verdict?.kind === "default" && verdict.notify?.when === "received") flight.onProof = verdict.notify;
    this.#inFlight.set(row.seq, flight);
    flush.open.add(row.seq);
    const delayed = withDelay(flight.stanza, this.#owner.domain, row.seq);
    this.#toResources(delayed, plan.resources, flight.rules, row.seq, row.seq);
  }

  #fromRow(row: PendingMessage): InFlight {
    const stanza = Stanza.parse(row.text);
    return {
      seq: row.seq,
      stanza,
      rules: row.rules === undefined ? undefined : decodeState(row.rules),
      receipt: undefined,
      notice: stanza.has("amp", NS.AMP) && stanza.from?.local === "",
      row: "durable",
      counted: true,
      targets: 0,
      onProof: undefined,
      onCommit: undefined,
      resting: false,
    };
  }

  /** A deadline has passed for a waiting message. Returns whether it is gone. */
  async #onLate(flight: InFlight, met: Met): Promise<boolean> {
    const { rule } = met;
    if (rule.action !== "notify") {
      await this.#takeBack(flight, met, rule.action);
      return true;
    }
    const rules = flight.rules!;
    const fired = fire(rules, met);
    const event = { stanza: this.#ruleEvent("notify", met, rules)!, seq: this.#node.seqs.next() };
    const fault = await this.#transaction([
      ["setRules", this.#owner.text, flight.seq, encodeState(fired), nextDeadline(fired.rules, fired.fired)],
      ["append", [this.#eventMessage(event)]],
    ]);
    if (fault === undefined) {
      flight.rules = fired;
      this.#event(event.stanza, event.seq);
    }
    return false;
  }

  async #onExpire(seq: number): Promise<void> {
    const flying = this.#inFlight.get(seq);
    if (flying !== undefined && flying.targets > 0) {
      if (await this.#isLive()) return;
    }
    const flight = flying ?? (await this.#readRow(seq));
    const met = flight?.rules && expired(flight.rules.rules, flight.rules.fired, this.#node.now());
    if (flight === undefined || !met) return;
    const gone = await this.#onLate(flight, met);
    if (!gone || flying === undefined) return;
    for (const entry of this.#profile.resources) entry.ref.tell({ kind: "revoke", seq });
  }

  /** Whether any session has a live connection, so that an unproved message may have been received already. */
  async #isLive(): Promise<boolean> {
    const answers = await this.#askResources();
    return answers.some((answer) => answer.connected !== false);
  }

  async #readRow(seq: number): Promise<InFlight | undefined> {
    const [row] = await this.#node.database.pending(this.#owner.text, seq - 1, 1);
    return row?.seq === seq ? this.#fromRow(row) : undefined;
  }

  // Presence and IQ

  #onPresence(stanza: Stanza): void {
    const { type } = stanza;
    const from = stanza.from!;
    if (this.#isBlocked(from)) return;
    if (type !== undefined && type !== "unavailable" && type !== "error") {
      return this.#user.tell({ kind: "inbound", stanza });
    }
    const { resource } = stanza.to!;
    for (const entry of this.#profile.resources) {
      if (resource === "" ? entry.available : entry.resource === resource) {
        entry.ref.tell({ kind: "deliver", stanza, seq: 0 });
      }
    }
    if (type !== "error" && this.#profile.resources.length > 0) this.#user.tell({ kind: "inbound", stanza });
  }

  #onIq(stanza: Stanza): void {
    const request = stanza.type === "get" || stanza.type === "set";
    if (this.#isBlocked(stanza.from!)) {
      if (request) this.#bounce(stanza, new StanzaError("service-unavailable"));
      return;
    }
    const { resource } = stanza.to!;
    if (resource === "") {
      return this.#user.tell({ kind: "iq", stanza });
    }
    const entry = this.#resource(resource);
    if (entry !== undefined) entry.ref.tell({ kind: "deliver", stanza, seq: 0 });
    else if (request) this.#bounce(stanza, new StanzaError("service-unavailable"));
  }
}

const NO_ENTRIES: readonly ArchiveEntry[] = [];

function messageType(stanza: Stanza): PlanInput["messageType"] {
  switch (stanza.type) {
    case "chat":
    case "headline":
    case "groupchat":
    case "error":
      return stanza.type;
    default:
      // RFC 6121 section 5.2.2: an unknown type counts as normal.
      return "normal";
  }
}

function fire(rules: RuleState, met: Met): RuleState {
  return { ...rules, fired: new Set([...rules.fired, met.index]) };
}

function ruledOut(met: Met): Outcome {
  return met.rule.condition === "expire-at" ? { kind: "expired", rule: met.rule } : { kind: "dropped", rule: met.rule };
}
