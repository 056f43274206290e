/** A session that had the message is over: it is planned again, under the rules that are still undecided. @module */
import type { Met, Verdict } from "../../../amp/evaluate.ts";
import type { Plan } from "../../../amp/plan.ts";
import { verdictOn } from "../../../amp/verdict.ts";
import type { SessionId } from "../../address.ts";
import { fire, giveUp, over, rest, takeBack, uncount } from "./ends.ts";
import { type Effect, type Event, type Flight, type Step, type Terms, unmoved } from "./flight.ts";
import { expire } from "./on_deadline.ts";
import { forward, queue } from "./on_hop.ts";

type Lost = Extract<Event, { kind: "lost" }>;
type Planned = Extract<Event, { kind: "planned" }>;

const PLAN: readonly Effect[] = [{ kind: "plan", forward: true }];

export function onLost(flight: Flight, { session, isLate }: Lost, terms: Terms): Step {
  const { stage } = flight;
  if (stage.kind !== "offered" || !stage.to.includes(session)) return unmoved(flight);
  const to = stage.to.filter((other) => other !== session);
  const left: Flight = { ...flight, stage: { ...stage, to } };
  if (to.length > 0) return unmoved(left);
  const late = isLate ? expire(left, terms) : undefined;
  if (late === undefined) return { flight: left, effects: PLAN };
  return late.flight?.stage.kind === "offered" ? { flight: late.flight, effects: [...late.effects, ...PLAN] } : late;
}

/** Its client never proves receipt: the archive keeps it, and nobody waits to hear more. */
export function onGivenUp(flight: Flight): Step {
  return awaitsPlan(flight) ? over(uncount(flight), { kind: "stored" }, true) : unmoved(flight);
}

/** Carries a new plan out; the rules are held against it first. */
export function onPlanned(flight: Flight, { plan, sessions }: Planned, terms: Terms): Step {
  if (!awaitsPlan(flight)) return unmoved(flight);
  const verdict = flight.rules && verdictOn(flight.rules, plan, terms.now);
  if (verdict !== undefined && verdict.kind !== "default") return takeBack(flight, terms, verdict);
  const notify = verdict?.notify;
  if (notify?.when !== "now" || plan.kind === "none") return follow(flight, plan, sessions, notify, terms);
  const fired = follow({ ...flight, rules: fire(flight.rules!, notify) }, plan, sessions, undefined, terms);
  return { flight: fired.flight, effects: [{ kind: "fire", met: notify, rules: flight.rules! }, ...fired.effects] };
}

function awaitsPlan({ stage }: Flight): boolean {
  return stage.kind === "offered" ? stage.to.length === 0 : stage.kind === "handed";
}

type Notify = Extract<Verdict, { kind: "default" }>["notify"];

function follow(flight: Flight, plan: Plan, sessions: readonly SessionId[], notify: Notify, terms: Terms): Step {
  const at = (moment: NonNullable<Notify>["when"]): Met | undefined => (notify?.when === moment ? notify : undefined);
  switch (plan.kind) {
    case "direct":
      return offer(flight, sessions, at("received"));
    case "forward":
      return forward(flight, plan.to, at("handed-over"));
    case "none":
      return giveUp(flight, terms, plan, notify);
    case "stored":
      return rest(flight, terms, at("stored"));
    case "gateway":
      return queue(flight, at("handed-over"));
    default:
      return plan satisfies never;
  }
}

export function offer(flight: Flight, to: readonly SessionId[], onProof: Met | undefined): Step {
  const offered: Flight = { ...flight, stage: { kind: "offered", to, onProof } };
  return { flight: offered, effects: [to.length === 0 ? { kind: "again" } : { kind: "offer", to }] };
}
