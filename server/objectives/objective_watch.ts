/**
 * One delivery objective: which messages it concerns, whether each was proved in time, and how fast that uses up the budget: the share
 * of messages that may be late. A burn rate of 1 uses it up in thirty days. It burns where a rate of 14.4 has held for an hour and for
 * the last five minutes, or one of 6 for six hours and for the last thirty minutes.
 * @module
 */
import type { FollowedStepRow } from "../../store/store.ts";
import { BurnCounts, type Counted, type KeptCounts, minuteOf } from "./burn_counts.ts";
import { type Objective, objectiveName, withinMs } from "./objective_setting.ts";

/** In minutes. */
export const WINDOWS = [5, 30, 60, 360] as const;
const ALARMS = [
  { windows: [60, 5], rate: 14.4 },
  { windows: [360, 30], rate: 6 },
] as const;
/** Messages under way that are watched. */
const MOST_PENDING = 100_000;

interface Pending {
  readonly arrived: number;
  readonly deadline: number;
}

export interface ObjectiveReading extends Counted {
  readonly objective: Objective;
  /** The part of the budget of thirty days that is left; below 0: it is overdrawn. */
  readonly budgetLeft: number;
  /** By window. */
  readonly burnRates: readonly { readonly minutes: number; readonly rate: number }[];
  readonly isBurning: boolean;
}

/** What became of a message for the objective. */
type Verdict = "good" | "missed" | "none";

export class ObjectiveWatch {
  readonly objective: Objective;
  readonly name: string;
  readonly #withinMs: number;
  readonly #counts: BurnCounts;
  /** In the order of their arrival. */
  readonly #pending = new Map<string, Pending>();
  /** Decided before their deadline; until it is over. */
  readonly #decided = new Map<string, number>();
  /** Since the start. */
  #messages = 0;
  #missed = 0;
  /** Messages that came while too many were under way. */
  uncounted = 0;

  constructor(objective: Objective, kept?: KeptCounts) {
    this.objective = objective;
    this.name = objectiveName(objective);
    this.#withinMs = withinMs(objective);
    this.#counts = new BurnCounts(kept);
  }

  /** `row`: a step that has come. */
  note(row: FollowedStepRow): void {
    const { timeline, began, at } = row;
    const deadline = began + this.#withinMs;
    if (!this.#concerns(row) || at > deadline || this.#decided.has(timeline)) return;
    if (!this.#pending.has(timeline)) {
      if (this.#pending.size >= MOST_PENDING) return void this.uncounted++;
      this.#pending.set(timeline, { arrived: began, deadline });
    }
    const verdict = verdictOf(row);
    if (verdict !== undefined) this.#decide(timeline, verdict);
  }

  /** Every step until then has been noted. */
  passed(time: number): void {
    for (const [id, { deadline }] of this.#pending) if (deadline < time) this.#decide(id, "missed");
    for (const [id, deadline] of this.#decided) if (deadline < time) this.#decided.delete(id);
    this.#counts.prune(time);
  }

  /** Every message that arrived before that minute is decided; undefined: all are. */
  get openSince(): number | undefined {
    let oldest = Number.POSITIVE_INFINITY;
    for (const { arrived } of this.#pending.values()) oldest = Math.min(oldest, arrived);
    return oldest === Number.POSITIVE_INFINITY ? undefined : minuteOf(oldest);
  }

  keptBefore(minute: number): KeptCounts {
    return this.#counts.before(minute);
  }

  read(now: number): ObjectiveReading {
    const rateOf = (minutes: number) => this.#rate(this.#counts.last(minutes, now));
    const burnRates = WINDOWS.map((minutes) => ({ minutes, rate: rateOf(minutes) }));
    const isBurning = ALARMS.some(({ windows, rate }) => windows.every((minutes) => rateOf(minutes) >= rate));
    const budgetLeft = 1 - this.#rate(this.#counts.all);
    const { objective } = this;
    return { objective, messages: this.#messages, missed: this.#missed, budgetLeft, burnRates, isBurning };
  }

  #concerns({ from, to }: FollowedStepRow): boolean {
    const { match } = this.objective;
    return isOf(from, match) || isOf(to, match);
  }

  #decide(id: string, verdict: Verdict): void {
    const { arrived, deadline } = this.#pending.get(id)!;
    this.#pending.delete(id);
    this.#decided.set(id, deadline);
    if (verdict === "none") return;
    const isMissed = verdict === "missed";
    this.#messages++;
    if (isMissed) this.#missed++;
    this.#counts.add(minuteOf(arrived), isMissed);
  }

  #rate({ messages, missed }: Counted): number {
    return messages === 0 ? 0 : missed / messages / (1 - this.objective.share);
  }
}

/** Undefined: it is open still. A message that its sender's rule has dropped, or that was refused, was not to arrive. */
function verdictOf({ kind, settles }: FollowedStepRow): Verdict | undefined {
  if (kind === "proved") return "good";
  if (kind === "refused") return "none";
  switch (settles) {
    case "direct":
    case "gateway":
      return "good";
    case "expired":
    case "none":
      return "missed";
    case "dropped":
    case "forwarded":
      return "none";
    default:
      return undefined;
  }
}

function isOf(jid: string, match: string): boolean {
  const bare = jid.split("/", 1)[0]!;
  return bare === match || bare.slice(bare.indexOf("@") + 1) === match;
}
