/** A deadline of the message has passed: XEP-0079 3.3.2. @module */
import { expired } from "../../../amp/evaluate.ts";
import { closeBehind, fire, takeBack } from "./ends.ts";
import { type Event, type Flight, type Step, type Terms, unmoved } from "./flight.ts";

type Due = Extract<Event, { kind: "due" }>;

export function onDue(flight: Flight, { isReachable }: Due, terms: Terms): Step {
  const { stage } = flight;
  if (stage.kind === "resting" && stage.ending === undefined) return expire(flight, terms) ?? unmoved(flight);
  const isOut = stage.kind === "offered" || (stage.kind === "handed" && stage.queued);
  // A connected device may have received it, or a hop be about to take it: proof, or its end, decides.
  if (!isOut || isReachable) return unmoved(flight);
  const step = expire(flight, terms);
  if (stage.kind === "handed" || stage.to.length === 0) return step ?? unmoved(flight);
  if (step === undefined) return unmoved(flight);
  if (step.flight?.stage.kind === "offered") return step;
  return { flight: step.flight, effects: [{ kind: "revoke", from: stage.to }, ...step.effects] };
}

/** Undefined where no time is over. A `notify` lets the message go on. */
export function expire(flight: Flight, terms: Terms): Step | undefined {
  const { rules } = flight;
  if (rules === undefined) return undefined;
  const met = expired(rules.rules, rules.fired, terms.now);
  if (met === undefined) return undefined;
  if (met.rule.action !== "notify") return takeBack(flight, terms, met);
  return {
    flight: { ...closeBehind(flight, met.index), rules: fire(rules, met) },
    effects: [{ kind: "fire", met, rules }],
  };
}
