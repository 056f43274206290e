/**
 * What sessions hold that wait to be resumed (XEP-0198 section 5): a session that has just come is offered it too, in its
 * place among what waits in storage. Either may prove receipt then; the one that is resumed later gives its client only what
 * nobody has proved, unless it has asked for copies of all that other resources get (XEP-0280).
 * @module
 */
import type { Met } from "../../amp/evaluate.ts";
import { verdictOn } from "../../amp/verdict.ts";
import type { ResourceEntry } from "../profile.ts";
import { move } from "./carry_out.ts";
import type { DeliveryState, Flush } from "./delivery_state.ts";
import { planAnew } from "./plan_input.ts";
import type { Tracked } from "./tracked.ts";

/** Those without a row are offered in their place among the rows. */
export function standAmongRows(state: DeliveryState, flush: Flush): void {
  if (flush.detached.size === 0) return;
  const held = [...state.inFlight.values()].filter((each) => !each.flight.row.waits && isHeld(flush, each));
  state.putAmongBehind(held.map((each) => ({ seq: each.seq, send: () => offerHeld(state, flush, each) })));
}

function isHeld({ detached }: Flush, { flight: { stage } }: Tracked): boolean {
  return stage.kind === "offered" && stage.to.length > 0 && stage.to.every((session) => detached.has(session));
}

/** A message under way: offered to others where only sessions without connection have it. */
export function offerHeld(state: DeliveryState, flush: Flush, tracked: Tracked): void {
  if (state.inFlight.get(tracked.seq) !== tracked || !isHeld(flush, tracked)) return;
  const { others, notify } = othersFor(state, flush, tracked);
  if (others.length === 0) return;
  const to = others.filter((entry) => !hasRead(entry, tracked)).map(({ session }) => session);
  if (to.length === 0) return move(state, tracked, { kind: "read" });
  tracked.isStored = true;
  flush.open.add(tracked.seq);
  move(state, tracked, { kind: "shared", to, notify });
}

interface Others {
  readonly others: readonly ResourceEntry[];
  /** A rule that the plan for them meets now. */
  readonly notify: Met | undefined;
}

const NOBODY: Others = { others: [], notify: undefined };

/** The resources that it would go to today besides those that have it. What a rule would rather end is left where it is. */
function othersFor(state: DeliveryState, flush: Flush, tracked: Tracked): Others {
  const { flight } = tracked;
  const plan = planAnew(state, tracked, state.answers(), { forward: false });
  if (plan.kind !== "direct") return NOBODY;
  const verdict = flight.rules && verdictOn(flight.rules, plan, state.node.now());
  if (verdict !== undefined && verdict.kind !== "default") return NOBODY;
  const others = plan.resources.flatMap((name) => {
    const entry = state.resource(name);
    return entry === undefined || flush.detached.has(entry.session) || tracked.copiedTo?.includes(entry.session)
      ? []
      : [entry];
  });
  return { others, notify: verdict?.notify?.when === "now" ? verdict.notify : undefined };
}

/** Its device has read it in the archive, and nobody waits to hear that a copy came there. */
function hasRead({ seenUntil }: ResourceEntry, { seq, kept, replyTo, flight: { rules } }: Tracked): boolean {
  return kept && seq <= seenUntil && replyTo?.to === undefined && (rules === undefined || rules.settled);
}
