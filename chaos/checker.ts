/**
 * Decides from the clients' records whether the server has kept its promises. Pure: a history in, violations out.
 *
 * - lost: an accepted message that no device received and no report told of.
 * - false-direct, false-stored: a notification that was not true on arrival, or did not stay true.
 * - bounced: an error or alert for a message that a device had provably received, or that the archive still holds.
 * - fired-twice: one rule reported one message under two stanza ids.
 * - duplicate: a device got a message again although it had proved the first receipt.
 * - stanza-id: copies of one message under different ids, or without one.
 * - order: a device got two messages of one sender to one address in the wrong order.
 * - misdelivered: a client saw a message for another user.
 * - late: a message was delivered after its sender's `expire-at` had removed it.
 * - wrong-h: a count of XEP-0198 that went back, or counts more than was sent.
 * - unreported: a message with rules for both outcomes was received, and its sender got no report.
 * @module
 */
import { checkOrder } from "./check_order.ts";
import type { ChaosRule, EventOf, HistoryEvent } from "./history.ts";
import { HistoryIndex, type MessageRecord, type Placed } from "./history_index.ts";
import { CHECK_LIMITS, type CheckLimits, type Violation, type ViolationKind } from "./violation.ts";

/** What a message that comes again shows. */
const REPEATS: readonly ViolationKind[] = ["duplicate", "stanza-id", "fired-twice"];

type Received = Placed<EventOf<"received">>;

export function check(history: readonly HistoryEvent[], limits: CheckLimits = CHECK_LIMITS): Violation[] {
  const index = new HistoryIndex(history);
  const endAt = history.at(-1)?.at ?? 0;
  const violations = [...index.strays.map(stray), ...index.miscounts.map(miscount), ...checkOrder(index, limits)];
  for (const message of index.messages.values()) {
    violations.push(...new MessageCheck(index, limits, endAt, message).run());
  }
  return violations;
}

function stray(event: HistoryEvent): Violation {
  const id = "message" in event ? event.message : "";
  return { kind: "misdelivered", messages: [id], text: `${id}: ${event.kind}, but nobody has sent it` };
}

function miscount({ session, h }: EventOf<"miscounted">): Violation {
  return {
    kind: "wrong-h",
    messages: [],
    text: `${session}: h=${h} is less than was told before, or more than was sent`,
  };
}

/** Anything after that event, and a resumption after that time, proves nothing. */
interface Until {
  readonly index: number;
  readonly resumedBy: number;
}

const ALWAYS: Until = { index: Number.POSITIVE_INFINITY, resumedBy: Number.POSITIVE_INFINITY };

class MessageCheck {
  readonly #index: HistoryIndex;
  readonly #limits: CheckLimits;
  readonly #endAt: number;
  readonly #message: MessageRecord;
  readonly #live: readonly Received[];
  readonly #found: Violation[] = [];

  constructor(index: HistoryIndex, limits: CheckLimits, endAt: number, message: MessageRecord) {
    this.#index = index;
    this.#limits = limits;
    this.#endAt = endAt;
    this.#message = message;
    this.#live = message.received.filter(({ via }) => via === "live");
  }

  run(): readonly Violation[] {
    this.#checkAddressees();
    this.#checkLoss();
    this.#checkNotifications();
    this.#checkBounced();
    this.#checkRepeatedReports();
    this.#checkDuplicates(this.#live, "message");
    this.#checkStanzaIds();
    this.#checkLateness();
    this.#checkUnreported();
    return this.#found;
  }

  #violate(kind: ViolationKind, text: string): void {
    const { id, sender, sent } = this.#message;
    if (REPEATS.includes(kind) && this.#limits.repeatsAfterKill && this.#sawKill()) return;
    this.#found.push({ kind, messages: [id], text: `${id} (${sender} to ${sent.to}): ${text}` });
  }

  #sawKill(): boolean {
    const { sent, received, reports } = this.#message;
    return this.#index.killedBetween(sent.at, Math.max(...[...received, ...reports].map(({ at }) => at)));
  }

  #checkAddressees(): void {
    const { received, copied, reports, archived, sender, sent } = this.#message;
    const receivers = new Set(received.map(({ session }) => this.#index.userOf(session)));
    for (const user of receivers) if (user !== sent.to) this.#violate("misdelivered", `${user} received it`);
    for (const { session } of copied) {
      const user = this.#index.userOf(session);
      if (user !== sent.to && user !== sender) this.#violate("misdelivered", `${user} got a copy`);
    }
    for (const { session, report } of reports) {
      const user = this.#index.userOf(session);
      if (user !== sender) this.#violate("misdelivered", `${user} was told of it (${report})`);
    }
    for (const { user } of archived) {
      if (user !== sent.to && user !== sender) this.#violate("misdelivered", `it lies in the archive of ${user}`);
    }
  }

  /** A rule of the sender's that ends the message may have been carried out by now. */
  #mayBeTakenOut(conditions: readonly ChaosRule["condition"][], actions: readonly ChaosRule["action"][]): boolean {
    return this.#message.sent.rules.some(
      ({ condition, value, action }) =>
        conditions.includes(condition) &&
        actions.includes(action) &&
        (condition === "deliver" || Date.parse(value) <= this.#endAt),
    );
  }

  #checkLoss(): void {
    const { accepted, received, reports } = this.#message;
    if (accepted === undefined || received.length > 0) return;
    if (reports.some(({ report }) => report !== "notify")) return;
    if (this.#mayBeTakenOut(["deliver", "expire-at"], ["drop"])) return;
    this.#violate("lost", "accepted, and neither received nor reported");
  }

  #checkNotifications(): void {
    const { reports, received } = this.#message;
    for (const event of reports) {
      if (event.report !== "notify") continue;
      if (event.why === "deliver=direct" && !this.#live.some(({ index }) => index < event.index)) {
        this.#violate("false-direct", "told to be delivered, before any device had it");
      }
      if (event.why === "deliver=stored" && received.length === 0) {
        if (this.#mayBeTakenOut(["expire-at"], ["drop", "error", "alert"])) continue;
        this.#violate("false-stored", "told to be stored, and never received");
      }
    }
  }

  #checkBounced(): void {
    const { reports, archived, sent } = this.#message;
    const bounce = reports.find(({ report }) => report !== "notify");
    if (bounce === undefined) return;
    // An unproved message in a session without a connection expires on time (XEP-0079 3.3.2): a later resumption is too
    // late.
    const deadline = Date.parse(bounce.why.replace(/^expire-at=/, ""));
    const until = { index: bounce.index, resumedBy: Number.isNaN(deadline) ? Number.POSITIVE_INFINITY : deadline };
    const proved = this.#live.find((receipt) => this.#isProved(receipt, until));
    if (proved !== undefined)
      this.#violate("bounced", `${bounce.report} (${bounce.why}), but ${proved.session} had it`);
    if (archived.some(({ user }) => user === sent.to)) {
      this.#violate("bounced", `${bounce.report} (${bounce.why}), but the recipient's archive holds it`);
    }
  }

  /** The client has acknowledged the receipt, and the server has had time to store that. */
  #isProved(receipt: Received | Placed<EventOf<"report">>, until: Until = ALWAYS): boolean {
    const { proofMs } = this.#limits;
    if (this.#index.isDownAt(receipt.at) || this.#index.killedBetween(receipt.at, receipt.at + proofMs)) return false;
    let wasCut = false;
    for (const event of this.#index.session(receipt.session).life) {
      if (event.index < receipt.index) {
        if (event.kind === "closing") return false;
        continue;
      }
      if (event.index > until.index) break;
      if (event.kind === "resumed") return event.at < until.resumedBy;
      if (event.kind === "ended" && event.clean) return true;
      if (!wasCut && event.at - receipt.at > proofMs) return true;
      wasCut = true;
    }
    return !wasCut;
  }

  #checkRepeatedReports(): void {
    const byRule = new Map<string, Placed<EventOf<"report">>[]>();
    for (const event of this.#message.reports) {
      const key = `${event.report} ${event.why}`;
      byRule.set(key, [...(byRule.get(key) ?? []), event]);
    }
    for (const [rule, events] of byRule) {
      if (new Set(events.map(({ stanzaId }) => stanzaId)).size > 1) this.#violate("fired-twice", rule);
      this.#checkDuplicates(events, rule);
    }
  }

  #checkDuplicates(receipts: readonly (Received | Placed<EventOf<"report">>)[], what: string): void {
    const last = new Map<string, Received | Placed<EventOf<"report">>>();
    for (const receipt of receipts) {
      const { user, device } = this.#index.session(receipt.session).bound;
      const earlier = last.get(`${user}/${device}`);
      last.set(`${user}/${device}`, receipt);
      if (earlier === undefined) continue;
      if (earlier.session === receipt.session) this.#violate("duplicate", `${what} twice in ${receipt.session}`);
      else if (this.#isProved(earlier)) {
        this.#violate("duplicate", `${what} in ${receipt.session}, had been proved in ${earlier.session}`);
      }
    }
  }

  #checkStanzaIds(): void {
    const { received, archived, sent } = this.#message;
    const ids = new Set(received.map(({ stanzaId }) => stanzaId));
    for (const { user, stanzaId } of archived) if (user === sent.to) ids.add(stanzaId);
    if (ids.size > 1) this.#violate("stanza-id", `several: ${[...ids].join(", ")}`);
    if (ids.has("")) this.#violate("stanza-id", "a copy without one");
  }

  #checkLateness(): void {
    const { rules } = this.#message.sent;
    const firstNotify = rules.findIndex(({ action }) => action === "notify");
    // XEP-0079 2.2.3: a rule that has fired closes those after it.
    const open = firstNotify < 0 ? rules : rules.slice(0, firstNotify);
    const deadlines = open.flatMap(({ condition, value, action }) =>
      condition === "expire-at" && action !== "notify" ? [Date.parse(value)] : [],
    );
    if (deadlines.length === 0) return;
    const latest = Math.min(...deadlines) + this.#limits.lateMs;
    const late = this.#live.find(({ at }) => at > latest);
    if (late !== undefined) this.#violate("late", `delivered to ${late.session} ${late.at - latest} ms too late`);
  }

  #checkUnreported(): void {
    const { sent, accepted, reports } = this.#message;
    const notifies = sent.rules.filter(({ condition, action }) => condition === "deliver" && action === "notify");
    if (notifies.length < 2 || accepted === undefined || reports.length > 0) return;
    const proved = this.#live.find((receipt) => this.#isProved(receipt));
    if (proved === undefined) return;
    if (this.#index.killedBetween(sent.at, Math.max(proved.at, accepted.at) + this.#limits.proofMs)) return;
    this.#violate("unreported", `received in ${proved.session}, and its sender was told nothing`);
  }
}
