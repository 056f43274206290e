/** What of a message goes into the log, and for whom. @module */
import type { RuleState } from "../../amp/rule_state.ts";
import { archivable } from "../../modules/archive_policy.ts";
import {
  type ArchiveEntry,
  type NewMessage,
  NO_ENTRIES,
  type PendingEntry,
  type StoreCall,
  type StoreFault,
  type StoreReply,
} from "../../store/store.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import type { Node } from "../node.ts";
import { archives } from "../profile.ts";
import type { Envelope, RowHandle } from "../protocol.ts";
import type { DeliveryState } from "./delivery_state.ts";
import type { StoreCondition } from "./flight/flight.ts";
import { RuledEntry } from "./log_row.ts";
import { tellSent } from "./to_sessions.ts";

/** Archive rows of both sides, as their settings have it. */
export function archiveEntries(
  state: DeliveryState,
  envelope: Envelope,
  stanza: Stanza,
  forRecipient: boolean,
): readonly ArchiveEntry[] {
  if (!state.node.settings.archive || envelope.notice || !archivable(stanza)) return NO_ENTRIES;
  const { owner, profile } = state;
  const sender = stanza.from!.bare;
  const entries: ArchiveEntry[] = [];
  if (envelope.archiveSender) entries.push({ owner: sender.text, peer: owner.text });
  if (forRecipient && profile.persistent && archives(profile, sender) && !sender.equals(owner)) {
    entries.push({ owner: owner.text, peer: sender.text });
  }
  return entries;
}

/** Whether one of them is for the archive of this account. */
export function isOwners(account: string, entries: readonly ArchiveEntry[]): boolean {
  for (const { owner } of entries) if (owner === account) return true;
  return false;
}

export function pendingEntry(state: DeliveryState, rules: RuleState | undefined): PendingEntry {
  const owner = state.owner.text;
  return rules === undefined ? { owner } : new RuledEntry(owner, rules);
}

/** `units`: about how long its text is; `provable`: a device is given it. */
export function append(
  state: DeliveryState,
  message: NewMessage & Partial<RowHandle>,
  units: number,
  provable: boolean,
  wanted = false,
): void {
  const handle = message.isWritten === undefined ? undefined : (message as RowHandle);
  state.node.store.tell({ kind: "append", message, handle, units, from: state.self(), wanted, provable });
}

/** What has become of the sender's side is known: its archive keeps the message under that number, or does not. */
export function tellSender(envelope: Envelope, archive: readonly ArchiveEntry[], seq: number): void {
  const { sentCopy, stanza } = envelope;
  if (sentCopy !== undefined) tellSent(sentCopy, stanza, isOwners(stanza.from!.bare.text, archive) ? seq : 0);
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
