/**
 * What sessions hold that wait to be resumed (XEP-0198 section 5): a session that has just come is offered it too, in its
 * place among what waits in storage. Either may prove receipt then; the one that is resumed later gives its client only what
 * nobody has proved, unless it has asked for copies of all that other resources get (XEP-0280).
 * @module
 */
import { verdictOn } from "../../amp/verdict.ts";
import { carbonEligible } from "../../modules/carbons/carbon_copy.ts";
import type { PendingMessage } from "../../store/store.ts";
import type { ResourceEntry, SessionRef } from "../protocol.ts";
import { withDelay } from "./compose.ts";
import type { DeliveryState, Flush } from "./delivery_state.ts";
import { conclude } from "./endings.ts";
import { report } from "./expiry.ts";
import type { InFlight } from "./in_flight.ts";
import { askResources, planFor } from "./plan_input.ts";
import { toSessions } from "./to_sessions.ts";
import { fromRow } from "./waiting_row.ts";

export type Sessions = ReadonlySet<SessionRef>;

const NOBODY: Sessions = new Set();
const NO_RESOURCES: readonly ResourceEntry[] = [];

/** The sessions of the account that have no connection; nobody where nothing is unproved or no other session is there. */
export function detachedSessions(state: DeliveryState): Sessions | Promise<Sessions> {
  const { resources } = state.profile;
  if (resources.length < 2 || (state.inFlight.size === 0 && state.offered.size === 0)) return NOBODY;
  const answers = askResources(state);
  const refsOf = (known: Awaited<typeof answers>): Sessions => {
    const names = known.filter(({ connected }) => connected === false).map(({ resource }) => resource);
    return new Set(resources.filter(({ resource }) => names.includes(resource)).map(({ ref }) => ref));
  };
  return answers instanceof Promise ? answers.then(refsOf) : refsOf(answers);
}

/** A row that is under way already. */
export function offerHeldRow(state: DeliveryState, flush: Flush, row: PendingMessage): void {
  if (flush.detached.size === 0) return;
  const known = state.inFlight.get(row.seq);
  if (known !== undefined) return offerHeld(state, flush, known);
  const taker = state.offered.takerOf(row.seq);
  if (taker === undefined || !flush.detached.has(taker)) return;
  const flight = fromRow(row);
  flight.counted = false;
  flight.targets = [taker];
  offerHeld(state, flush, flight);
}

/** Those without a row are offered in their place among the rows. */
export function standAmongRows(state: DeliveryState, flush: Flush): void {
  if (flush.detached.size === 0) return;
  const held = [...state.inFlight.values()].filter((flight) => !flight.waits && isHeld(flush, flight));
  state.putAmongBehind(held.map((flight) => ({ seq: flight.seq, send: () => offerHeld(state, flush, flight) })));
}

function isHeld({ detached }: Flush, { phase, targets }: InFlight): boolean {
  return phase === "live" && targets.length > 0 && targets.every((target) => detached.has(target));
}

function offerHeld(state: DeliveryState, flush: Flush, flight: InFlight): void {
  if (!isHeld(flush, flight)) return;
  const others = othersFor(state, flush, flight);
  if (others.length === 0) return;
  const takers = others.filter((entry) => !hasRead(entry, flight)).map(({ resource }) => resource);
  state.offered.delete(flight.seq);
  state.inFlight.set(flight.seq, flight);
  if (takers.length === 0) return settleRead(state, flight);
  flight.isShared = true;
  flush.open.add(flight.seq);
  const { stanza, rules, seq, kept } = flight;
  toSessions(state, flight, { stanza: withDelay(stanza, state.owner.domain, seq), rules, seq, kept }, takers);
}

/** The resources that it would go to today besides those that have it. What a rule would rather end is left where it is. */
function othersFor(state: DeliveryState, flush: Flush, flight: InFlight): readonly ResourceEntry[] {
  const plan = planFor(state, flight, state.liveResources, { forward: false });
  if (plan.kind !== "direct") return NO_RESOURCES;
  const verdict = flight.rules && verdictOn(flight.rules, plan, state.node.now());
  if (verdict !== undefined && verdict.kind !== "default") return NO_RESOURCES;
  const others = state.liveResources.filter(
    ({ resource, ref }) =>
      plan.resources.includes(resource) && !flush.detached.has(ref) && !hasCopy(state, flight, ref),
  );
  if (others.length > 0 && verdict?.notify?.when === "now") report(state, flight, verdict.notify);
  return others;
}

/** Its carbon copy came there before the session was available. */
function hasCopy(state: DeliveryState, { seq, stanza, notice }: InFlight, session: SessionRef): boolean {
  const since = state.copiedSince(session);
  return since !== undefined && seq > since && !notice && carbonEligible(stanza, "received");
}

/** Its device has read it in the archive, and nobody waits to hear that a copy came there. */
function hasRead({ seenUntil }: ResourceEntry, { seq, kept, rules, receipt }: InFlight): boolean {
  return kept && seq <= seenUntil && receipt === undefined && (rules === undefined || rules.settled);
}

function settleRead(state: DeliveryState, flight: InFlight): void {
  const { seq, waits } = flight;
  revokeElsewhere(state, flight, undefined);
  if (waits) state.node.store.tell({ kind: "settle", owner: state.owner.text, seqs: [seq] });
  conclude(state, flight, { kind: "stored" });
}

/** One device has it: a session that was resumed later would give it again. */
export function revokeElsewhere(state: DeliveryState, { seq, targets }: InFlight, prover: string | undefined): void {
  for (const { ref, resource, carbons } of state.profile.resources) {
    if (resource !== prover && !carbons && targets.includes(ref)) ref.tell({ kind: "revoke", seq });
  }
}
