/**
 * What of a timeline its sender is told. Who may not see the recipient's presence is told what the server has sent it anyway: errors, and
 * reports of rules. Everything else, even when `accepted` came, depends on the recipient's state.
 * @module
 */
import { readStep, type Step } from "../../outcomes/step.ts";
import type { KeptTimeline } from "../../store/store.ts";
import { Jid } from "../../xmpp/jid.ts";

export interface Teller {
  /** As the sender has written it. */
  readonly to: Jid;
  /** The sender may see the recipient's presence. */
  readonly maySee: boolean;
}

export type ToldStep = Step & { readonly at: number };

export interface Told {
  readonly steps: readonly ToldStep[];
  /** More may have happened than is told. */
  readonly isPartial: boolean;
}

export function toldSteps({ steps }: Pick<KeptTimeline, "steps">, { to, maySee }: Teller): Told {
  const read = steps.map((step): ToldStep => ({ ...readStep(step), at: step.at }));
  if (!maySee) return { steps: read.filter(wasSent), isPartial: true };
  const told: ToldStep[] = [];
  let isBeyond = false;
  for (const step of read) {
    // Where the recipient has its messages forwarded to is its own affair, and so is who is there.
    if (isBeyond && !isKnownBeyond(step)) continue;
    const isForwarding = step.kind === "handed" && !isAddressOf(step.to, to);
    isBeyond ||= isForwarding;
    told.push(isForwarding ? { kind: "handed", to: "", at: step.at } : withoutPlace(step, isBeyond));
  }
  return { steps: told, isPartial: false };
}

/** The server has told the sender of it by a stanza. A `drop` is never told. */
function wasSent(step: Step): boolean {
  if (step.kind === "refused") return true;
  return step.kind === "reported" && step.rule?.action !== "drop";
}

function isKnownBeyond({ kind }: Step): boolean {
  return kind === "accepted" || kind === "ruled" || kind === "reported" || kind === "settled";
}

/** A queue is named by its domain, a forwarding address by its JID. */
function isAddressOf(place: string, to: Jid): boolean {
  return place === to.domain || Jid.tryParse(place)?.bare.equals(to.bare) === true;
}

/** A device of a forwarding address stays unnamed. */
function withoutPlace(step: ToldStep, isBeyond: boolean): ToldStep {
  if (!isBeyond || step.kind !== "settled" || step.outcome.kind !== "direct") return step;
  return { ...step, outcome: { ...step.outcome, resource: "" } };
}
