/** What a step of a flight means for the timeline of its message. @module */
import type { Step } from "../../outcomes/step.ts";
import type { StoreCall } from "../../store/store.ts";
import type { ReplyTo } from "../address.ts";
import type { Node } from "../node.ts";
import { lastSteps } from "../post.ts";
import type { Change, Effect, Ending, Event } from "./flight/flight.ts";
import type { Holder } from "./holder.ts";
import type { Tracked } from "./tracked.ts";

export function noteEvent({ node }: Holder, { timeline, flight }: Tracked, event: Event): void {
  if (event.kind !== "proved" || flight.stage.kind !== "offered") return;
  node.timelines.note(timeline!, [{ kind: "proved", resource: event.resource, by: event.by }]);
}

export function noteEffect(holder: Holder, tracked: Tracked, effect: Effect): void {
  const steps = stepsOf(holder, tracked, effect);
  if (steps !== undefined) holder.node.timelines.note(tracked.timeline!, steps);
}

function stepsOf(holder: Holder, tracked: Tracked, effect: Effect): readonly Step[] | undefined {
  switch (effect.kind) {
    case "offer":
      return [{ kind: "offered", resources: holder.resourcesOf(effect.to) }];
    case "wait":
      return [{ kind: "waits" }];
    case "forward":
      return [{ kind: "handed", to: effect.to }];
    case "fire":
      return ruled(effect.met.rule);
    case "report":
      // The transaction of the ending has written its own.
      return effect.logged === "done" && tracked.hasLastSteps ? undefined : ruled(effect.met.rule);
    case "bounce":
      return tracked.hasLastSteps ? undefined : [{ kind: "reported", condition: effect.condition }];
    default:
      return undefined;
  }
}

/** A rule that takes the message out is told of with its outcome. */
export function ruled(rule: Extract<Step, { kind: "ruled" }>["rule"]): readonly Step[] {
  const reported: Step = { kind: "reported", rule };
  return rule.action === "notify" ? [{ kind: "ruled", rule }, reported] : [reported];
}

/** In the transaction that ends the message, or brings it to rest. */
export function endingSteps(
  node: Node,
  tracked: Tracked,
  changes: readonly Change[],
  ending: Ending,
): readonly StoreCall[] {
  const waits = ending.kind === "rest" && tracked.flight.row.waits;
  const steps = stepsOfEnd(tracked.replyTo, ending, !waits);
  const withdrawn: readonly Step[] = changes.includes("withdraw") ? [{ kind: "withdrawn" }] : [];
  tracked.hasLastSteps = true;
  return [node.timelines.callOf(tracked.timeline!, [...withdrawn, ...steps])];
}

/** `isLast`: it waits nowhere. */
export function stepsOfEnd(
  replyTo: ReplyTo | undefined,
  { report, outcome, bounce }: Pick<Ending, "report" | "outcome" | "bounce">,
  isLast: boolean,
): readonly Step[] {
  const steps: Step[] = [];
  if (report !== undefined) steps.push(...ruled(report.rule));
  if (bounce !== undefined) steps.push({ kind: "reported", condition: bounce });
  return [...steps, ...lastSteps(replyTo ?? { isCounted: true }, outcome, isLast)];
}
