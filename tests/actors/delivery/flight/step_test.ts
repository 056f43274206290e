/** The contracts "One verdict", "Durability" and "Order" of one message, over random sequences of events. */
import { expect, test } from "bun:test";
import * as fc from "fast-check";
import type { Effect, Ending, Event, Flight, Terms } from "../../../../actors/delivery/flight/flight.ts";
import { step } from "../../../../actors/delivery/flight/step.ts";
import { evaluate, NOTHING_FIRED } from "../../../../amp/evaluate.ts";
import type { Plan } from "../../../../amp/plan.ts";
import type { Rule } from "../../../../amp/rule.ts";
import type { RuleState } from "../../../../amp/rule_state.ts";
import { Jid } from "../../../../xmpp/jid.ts";

const ROMEO = Jid.parse("romeo@localhost/orchard");
const JULIET = Jid.parse("juliet@localhost");
const BEGIN = 1_000_000;

const other = fc.constantFrom("alert" as const, "drop" as const, "error" as const);
const action = fc.oneof({ arbitrary: fc.constant("notify" as const), weight: 3 }, { arbitrary: other, weight: 2 });
const rule: fc.Arbitrary<Rule> = fc.oneof(
  fc.record({
    condition: fc.constant("deliver" as const),
    action,
    value: fc.constantFrom("direct" as const, "stored" as const, "none" as const, "forward" as const),
  }),
  fc.record({
    condition: fc.constant("expire-at" as const),
    action,
    at: fc.integer({ min: BEGIN + 1, max: BEGIN + 40 }),
    value: fc.constant("2026-11-22T12:00:00Z"),
  }),
  fc.record({
    condition: fc.constant("match-resource" as const),
    action,
    value: fc.constantFrom("any" as const, "exact" as const, "other" as const),
  }),
) as fc.Arbitrary<Rule>;

/** What may happen next; the world takes the first that can, so that every sequence is one that may occur. */
const happening = fc.record({
  what: fc.constantFrom(
    "prove",
    "end session",
    "share",
    "late",
    "commit",
    "refuse",
    "finish",
    "fault",
    "time",
    "due",
    "answer",
    "replan",
  ),
  pick: fc.nat(),
});

const start = fc.record({
  rules: fc.array(rule, { maxLength: 4 }),
  audience: fc.constantFrom("none" as const, "count" as const, "application" as const),
  forwarded: fc.boolean(),
  offline: fc.boolean(),
  archived: fc.boolean(),
  sessions: fc.integer({ min: 1, max: 3 }),
  happenings: fc.array(happening, { minLength: 4, maxLength: 40 }),
});

/** The store, the sessions and the recipient of one message, and what its sender was told. */
class World {
  flight: Flight | undefined;
  now = BEGIN;
  readonly fired = new Map<number, number>();
  readonly bounces: Effect[] = [];
  readonly outcomes: string[] = [];
  overs = 0;
  accepts = 0;
  isProved = false;
  isStoredTold = false;
  isRowWritten = false;
  isSettled = false;
  isWithdrawn = false;
  isHanded = false;
  #row: "none" | "queued" | "durable" | "refused";
  #ending: Ending | undefined;
  #hasFailed = false;
  #closedFrom = Number.POSITIVE_INFINITY;
  /** At the last proof. */
  #isWritten = false;
  #mayPlan: "no" | "plan" | "without forward" = "no";
  readonly #given: { readonly offline: boolean };

  constructor(given: {
    readonly rules: readonly Rule[];
    readonly audience: Flight["audience"];
    readonly forwarded: boolean;
    readonly offline: boolean;
    readonly archived: boolean;
    readonly sessions: number;
  }) {
    this.#given = given;
    const rules: RuleState | undefined =
      given.rules.length === 0
        ? undefined
        : {
            rules: given.rules,
            perHop: false,
            fired: NOTHING_FIRED,
            settled: false,
            sender: ROMEO,
            recipient: JULIET,
            id: "m1",
          };
    const waits = given.offline;
    this.#row = waits || given.archived ? "queued" : "none";
    const plan: Plan = { kind: "direct", resources: ["balcony"] };
    const verdict = rules && evaluate(rules.rules, plan, { now: this.now, to: { resource: "" } });
    // What a rule ends at receipt never becomes a flight.
    if (verdict !== undefined && (verdict.kind !== "default" || verdict.notify?.when === "now")) return;
    this.flight = {
      rules,
      audience: given.audience,
      notice: false,
      forwarded: given.forwarded,
      row: { log: this.#row === "queued" ? "queued" : "none", waits, archived: given.archived, counted: false },
      stage: {
        kind: "offered",
        to: Array.from({ length: given.sessions }, (_, at) => at + 1),
        onProof: verdict?.kind === "default" ? verdict.notify : undefined,
      },
    };
  }

  get terms(): Terms {
    return { offline: this.#given.offline, logsReports: this.#given.offline, now: this.now };
  }

  happens({ what, pick }: { readonly what: string; readonly pick: number }): void {
    const event = this.#event(what, pick);
    if (event !== undefined) this.#step(event);
  }

  #event(what: string, pick: number): Event | undefined {
    const stage = this.flight?.stage;
    const takers = stage?.kind === "offered" ? stage.to : [];
    switch (what) {
      case "prove":
        if (takers.length === 0) return undefined;
        this.isProved = true;
        this.#isWritten = this.flight!.row.waits && (this.#row === "durable" || pick % 4 === 0);
        return { kind: "proved", resource: "balcony", isWritten: this.#isWritten, by: "ping" };
      case "share":
        if (takers.length === 0) return undefined;
        return { kind: "shared", to: [1000 + (pick % 1000)], notify: undefined };
      case "end session":
      case "late":
        if (takers.length === 0) return undefined;
        return { kind: "lost", session: takers[pick % takers.length]!, isLate: what === "late" };
      case "commit":
        if (this.#row !== "queued") return undefined;
        this.#row = "durable";
        this.isRowWritten = true;
        return { kind: "committed" };
      case "refuse":
        if (this.#row !== "queued") return undefined;
        this.#row = "refused";
        this.#hasFailed = true;
        return { kind: "refused", condition: "resource-constraint" };
      case "finish":
      case "fault":
        return this.#ends(what === "fault");
      case "time":
        this.now += pick % 20;
        return undefined;
      case "due":
        return { kind: "due", isReachable: pick % 2 === 0 };
      case "answer":
        if (stage?.kind !== "handed" || this.#mayPlan !== "no") return undefined;
        if (pick % 3 === 0) return { kind: "answered", outcome: { kind: "none", condition: "service-unavailable" } };
        this.isHanded = true;
        return { kind: "answered", outcome: undefined };
      case "replan":
        return this.#plans(pick);
      default:
        throw new Error(what);
    }
  }

  /** The transaction comes behind the row that was on its way. */
  #ends(isFault: boolean): Event | undefined {
    const ending = this.#ending;
    if (ending === undefined) return undefined;
    if (this.#row === "queued") {
      this.#row = isFault ? "refused" : "durable";
      this.isRowWritten = !isFault;
      this.#step(isFault ? { kind: "refused", condition: "resource-constraint" } : { kind: "committed" });
    }
    this.#ending = undefined;
    if (isFault) this.#hasFailed = true;
    if (!isFault && ending.hasRow) {
      this.#row = "durable";
      this.isRowWritten = true;
    }
    return { kind: "done", fault: isFault ? "internal-server-error" : undefined };
  }

  #plans(pick: number): Event | undefined {
    if (this.#mayPlan === "no") return undefined;
    const forward = this.#mayPlan === "plan";
    this.#mayPlan = "no";
    const plans: Plan[] = [
      { kind: "stored" },
      { kind: "direct", resources: ["chamber"] },
      { kind: "none", reason: "not-storable", silent: pick % 5 === 0 },
    ];
    if (forward) plans.push({ kind: "forward", to: "nurse@localhost" });
    const plan = plans[pick % plans.length]!;
    return { kind: "planned", plan, sessions: plan.kind === "direct" && pick % 7 > 0 ? [10 + pick] : [] };
  }

  #step(event: Event): void {
    if (this.flight === undefined) return;
    const before = this.flight;
    const { flight, effects } = step(before, event, this.terms);
    // Pure: the same again gives the same, and nothing was written into the flight.
    expect(step(before, event, this.terms)).toEqual({ flight, effects });
    this.flight = flight;
    for (const effect of effects) this.#carriesOut(effect);
    if (flight === undefined) expect(this.overs).toBe(1);
  }

  #carriesOut(effect: Effect): void {
    expect(this.overs).toBe(0);
    switch (effect.kind) {
      case "commit":
        expect(this.#ending).toBeUndefined();
        this.#ending = effect.ending;
        if (effect.ending.kind === "rest" && this.flight?.rules !== undefined)
          expect(this.flight.rules.settled).toBe(true);
        if (effect.changes.includes("withdraw")) this.isWithdrawn = true;
        if (effect.changes.includes("settle")) this.isSettled = true;
        return;
      case "settle":
        this.isSettled = true;
        if (this.#row === "queued" && !this.flight?.row.archived) this.#row = "none";
        return;
      case "report":
        // What a commit has taken goes in the transaction that logs the report, not before.
        if (effect.logged === "now") expect(this.#isWritten).toBe(false);
        // A report that the log should hold goes without it only where the store has failed.
        if (effect.logged === "never" && effect.met.rule.action !== "drop" && this.terms.logsReports)
          expect(this.#hasFailed).toBe(true);
        return this.#fires(effect.met.index, effect.met.rule);
      case "fire":
        return this.#fires(effect.met.index, effect.met.rule);
      case "plan":
        this.#mayPlan = effect.forward ? "plan" : "without forward";
        return;
      case "again":
        this.#mayPlan = "plan";
        return;
      case "bounce":
        this.bounces.push(effect);
        // What stays in storage is delivered later, so no error may tell that it is not.
        expect(this.#row === "durable" && this.flight?.row.waits !== false && !this.isWithdrawn).toBe(false);
        return;
      case "accept":
        this.accepts++;
        return;
      case "tell":
        return this.#tells(effect.outcome.kind);
      case "over":
        this.overs++;
        if (effect.outcome !== undefined) this.#tells(effect.outcome.kind);
    }
  }

  #fires(index: number, { action, condition, value }: Rule): void {
    this.fired.set(index, (this.fired.get(index) ?? 0) + 1);
    // A fired rule closes all that stand after it.
    expect(index).toBeLessThan(this.#closedFrom);
    this.#closedFrom = index;
    // Another action than `notify` decides on the plan.
    if (condition !== "deliver" || action !== "notify") return;
    if (value === "direct") expect(this.isProved).toBe(true);
    if (value === "stored") {
      expect(this.isRowWritten).toBe(true);
      this.isStoredTold = true;
    }
    if (value === "forward") expect(this.isHanded).toBe(true);
  }

  #tells(kind: string): void {
    this.outcomes.push(kind);
    if (kind === "direct") expect(this.isProved).toBe(true);
    if (kind === "stored") {
      expect(this.isRowWritten).toBe(true);
      this.isStoredTold = true;
    }
    if (kind === "forwarded") expect(this.isHanded).toBe(true);
  }
}

test("step() keeps the contracts over any sequence of events", () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(start, ({ happenings, ...given }) => {
      const world = new World(given);
      for (const happening of happenings) world.happens(happening);
      for (const outcome of world.outcomes) seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
      // One verdict: a rule fires once, a stored message is not bounced, one outcome is the last.
      for (const times of world.fired.values()) expect(times).toBe(1);
      if (world.isStoredTold) expect(world.bounces).toEqual([]);
      expect(world.bounces.length).toBeLessThanOrEqual(1);
      if (given.forwarded) expect(world.bounces).toEqual([]);
      expect(world.overs).toBeLessThanOrEqual(1);
      expect(world.outcomes.length).toBeLessThanOrEqual(1);
      // Durability: a row goes on proof, or when another has taken the message, or by a rule; never because it was offered.
      if (world.isSettled) expect(world.isProved || world.isHanded).toBe(true);
      if (world.isWithdrawn && world.overs > 0) expect(world.outcomes).not.toContain("direct");
    }),
    { numRuns: 60_000 },
  );
  for (const outcome of ["direct", "stored", "forwarded", "none", "dropped", "expired"]) {
    expect(seen.get(outcome) ?? 0).toBeGreaterThan(20);
  }
});
