/** A session waits to be resumed with the message, and another one of the account has come (XEP-0198 section 5). @module */
import { closeBehind, fire, over, uncount } from "./ends.ts";
import { type Effect, type Event, type Flight, type Step, unmoved } from "./flight.ts";

type Shared = Extract<Event, { kind: "shared" }>;

/** Either may prove receipt then. */
export function onShared(flight: Flight, { to, notify }: Shared): Step {
  const { stage, rules } = flight;
  if (stage.kind !== "offered") return unmoved(flight);
  const shared: Flight = { ...flight, stage: { ...stage, to: [...stage.to, ...to], isShared: true } };
  const offer: Effect = { kind: "offer", to };
  if (notify === undefined || rules === undefined) return { flight: shared, effects: [offer] };
  return {
    flight: { ...closeBehind(shared, notify.index), rules: fire(rules, notify) },
    effects: [{ kind: "fire", met: notify, rules }, offer],
  };
}

export function onRead(flight: Flight): Step {
  const { stage } = flight;
  if (stage.kind !== "offered") return unmoved(flight);
  const effects: Effect[] = [{ kind: "revoke-elsewhere", from: stage.to, prover: undefined }, ...uncount(flight)];
  if (flight.row.waits) effects.push({ kind: "settle" });
  return over(effects, { kind: "stored" }, true);
}
