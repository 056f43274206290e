/** What the default action of a message depends on (XEP-0079 2.2.2), read off the account and its resources. @module */
import { type Plan, type PlanInput, plan, type ResourceAnswer } from "../../amp/plan.ts";
import { archives, storable } from "../../modules/archive_policy.ts";
import type { Jid } from "../../xmpp/jid.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import type { DeliveryState } from "./delivery_state.ts";
import { takesWaiting } from "./delivery_state.ts";
import { isEphemeral } from "./ephemeral.ts";
import { withRow } from "./flight/flight.ts";
import { OfflineShares } from "./offline_shares.ts";
import type { Tracked } from "./tracked.ts";

/** Forwarding addresses that one message may come through. */
const MAX_HOPS = 5;

/** What a plan has to know of a message besides its text. */
export interface Planned {
  readonly stanza: Stanza;
  readonly notice: boolean;
  readonly via: readonly Jid[];
  /** A row of it waits already: there is room for it. */
  readonly waits: boolean;
  /** An application sends it: the server tells its own what became of it. */
  readonly isOwn: boolean;
}

export interface PlanOptions {
  /** False: not to the forwarding address, which has refused it, or is not meant. */
  readonly forward?: boolean;
  /** RFC 6121 section 8.5.3.2.1 has a normal message to a resource that is gone refused; one with rules, or once accepted, goes on as to the bare JID. */
  readonly unmatchedNormal?: "bare" | "refuse";
}

export function planFor(
  state: DeliveryState,
  message: Planned,
  resources: readonly ResourceAnswer[],
  options: PlanOptions = {},
): Plan {
  const open = state.openTo(message.stanza.from!, resources);
  // A resource that is there, and does not take it now, is no reason to refuse it.
  const unmatched: PlanOptions = open === resources ? options : { ...options, unmatchedNormal: "bare" };
  return plan(planInput(state, message, open, unmatched));
}

/** The same for a message under way. */
export function planAnew(
  state: DeliveryState,
  { stanza, via, flight }: Tracked,
  resources: readonly ResourceAnswer[],
  options: PlanOptions,
): Plan {
  const { notice, row, audience } = flight;
  return planFor(
    state,
    { stanza, notice, via, waits: row.waits, isOwn: audience === "application" },
    resources,
    options,
  );
}

function planInput(
  state: DeliveryState,
  message: Planned,
  resources: readonly ResourceAnswer[],
  { forward = true, unmatchedNormal = "bare" }: PlanOptions,
): PlanInput {
  const { stanza, notice, via, waits } = message;
  const { exists, forwardTo, contacts } = state.profile;
  const forwards = forward && forwardTo !== undefined && !notice && mayForward(state, forwardTo, via);
  return {
    // An event that finds its sender's device gone goes to the bare JID, an error like any other.
    messageType: notice ? "normal" : messageType(stanza),
    unmatchedNormal: notice ? "bare" : unmatchedNormal,
    ephemeral: isEphemeral(stanza),
    to: stanza.to!,
    presenceHidden: isHidden(state, message),
    accountExists: exists,
    blocked: state.isBlocked(stanza.from!) || via.some((hop) => state.isBlocked(hop)),
    resources,
    storage: {
      offline: state.offline,
      archive: !notice && archives(state.account, stanza, stanza.from!.bare),
      storable: notice || storable(stanza),
      full: !waits && state.shares?.isFull(stanza.from!, { owner: state.owner, contacts }) === true,
    },
    ...(forwards && { forwardTo: forwardTo.text }),
  };
}

/** The sender is a stranger, who learns nothing by an error that presence would not tell. */
function isHidden(state: DeliveryState, { stanza, notice, isOwn }: Planned): boolean {
  if (state.node.settings.presencePolicy === "open" || notice || isOwn) return false;
  return !isKnownTo(state, stanza.from!);
}

/** Whether the account shows its presence to that sender. This server has its own ways to know. */
export function isKnownTo({ owner, profile, node }: DeliveryState, sender: Jid): boolean {
  if (sender.bare.equals(owner) || profile.watchers.has(sender.bare.text)) return true;
  return sender.local === "" && !node.isRemote(sender.domain);
}

/** Loop protection: no account has a message twice, and there is an end to it. */
function mayForward(state: DeliveryState, to: Jid, via: readonly Jid[]): boolean {
  if (via.length >= MAX_HOPS || to.bare.equals(state.owner)) return false;
  return !via.some((hop) => hop.equals(to.bare));
}

function messageType(stanza: Stanza): PlanInput["messageType"] {
  switch (stanza.type) {
    case "chat":
    case "headline":
    case "groupchat":
    case "error":
      return stanza.type;
    default:
      // RFC 6121 section 5.2.2: an unknown type counts as normal.
      return "normal";
  }
}

/** Whether nobody is there to take it, so that the bound on stored messages matters. */
export function willStore(state: DeliveryState, stanza: Stanza, resources: readonly ResourceAnswer[]): boolean {
  return state.offline && storable(stanza) && !resources.some(takesWaiting);
}

/** Counts what waits; messages under way whose row is or will be there are in it. Those with sessions are not, until they come back. */
export async function countPending(state: DeliveryState): Promise<void> {
  const without = new Set<number>();
  for (const { flight, seq } of state.inFlight.values()) {
    if (flight.stage.kind === "offered" && flight.row.log === "durable") without.add(seq);
  }
  const shares = await state.node.database.pendingShares(state.owner.text, [...without]);
  state.shares = new OfflineShares(state.node.settings.offlineLimits, shares);
  for (const each of state.inFlight.values()) {
    if (each.flight.row.waits) each.flight = withRow(each.flight, { counted: !without.has(each.seq) });
  }
}
