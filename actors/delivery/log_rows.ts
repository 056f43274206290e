/** What of a message goes into the log, and for whom. @module */
import type { RuleState } from "../../amp/rule_state.ts";
import { archives } from "../../modules/archive_policy.ts";
import type { NewMessage, StoreCall, StoreFault, StoreReply, Waiting } from "../../store/store.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import type { Node } from "../node.ts";
import type { RowHandle } from "../store_letter.ts";
import type { Envelope } from "./delivery_letter.ts";
import type { DeliveryState } from "./delivery_state.ts";
import type { StoreCondition } from "./flight/flight.ts";
import type { Holder } from "./holder.ts";
import { RuledWaiting } from "./log_row.ts";

/** The other side, where the recipient's archive is to have the message; undefined where its settings leave it out. */
export function archivedPeer(
  { owner, account }: DeliveryState,
  { notice, via }: Envelope,
  stanza: Stanza,
): string | undefined {
  if (notice) return undefined;
  const sender = stanza.from!.bare;
  // What the account has sent, and others have forwarded here, its archive has already.
  if (!archives(account, stanza, sender) || (via.length > 0 && sender.equals(owner))) return undefined;
  return sender.text;
}

const NO_RULES: Waiting = {};

export function waitingUnder(rules: RuleState | undefined, timeline?: string): Waiting {
  if (rules !== undefined) return new RuledWaiting(rules, timeline);
  return timeline === undefined ? NO_RULES : { timeline };
}

/** `units`: about how long its text is; `provable`: a device is given it. */
export function append(
  holder: Holder,
  message: NewMessage & Partial<RowHandle>,
  units: number,
  provable: boolean,
  wanted = false,
): void {
  const handle = message.isWritten === undefined ? undefined : (message as RowHandle);
  holder.node.store.tell({ kind: "append", message, handle, units, from: holder.self(), wanted, provable });
}

export function conditionOf({ kind }: StoreFault): StoreCondition {
  return kind === "full" || kind === "busy" ? "resource-constraint" : "internal-server-error";
}

/** Runs the calls in one transaction; `done` learns of the first fault. `alone`: see the letter `calls`. */
export function transact(
  node: Node,
  calls: readonly StoreCall[],
  done: (fault: StoreFault | undefined) => void,
  alone = false,
): void {
  node.store.tell({ kind: "calls", alone, calls, resolve: (replies) => done(faultIn(replies)), reject: done });
}

function faultIn(replies: readonly StoreReply[]): StoreFault | undefined {
  for (const reply of replies) if ("fault" in reply) return reply.fault;
  return undefined;
}
