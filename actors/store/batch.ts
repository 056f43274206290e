/** One transaction under way, and whom to answer. @module */
import type { StoreCall, StoreFault, StreamCount } from "../../store/store.ts";
import type { ActorRef } from "../runtime/mailbox.ts";
import type { CommitNews, StoreMessage } from "../store_letter.ts";
import type { Append } from "./waiting_rows.ts";

export type Calls = Extract<StoreMessage, { kind: "calls" }>;

export interface Settle {
  readonly owner: string;
  readonly seq: number;
}

export interface Batch {
  readonly appends: readonly Append[];
  readonly settles: readonly Settle[];
  readonly calls: readonly Calls[];
  readonly callUnits: number;
  readonly counts: readonly StreamCount[];
}

/** What the store is asked: the replies come in the same order. */
export function writtenBy({ appends, settles, calls, counts }: Batch): readonly StoreCall[] {
  const written: StoreCall[] = [];
  if (appends.length > 0) written.push(["append", appends.map((append) => append.message)]);
  if (settles.length > 0) written.push(["settle", settles]);
  for (const request of calls) written.push(...request.calls);
  if (counts.length > 0) written.push(["putStreams", counts]);
  return written;
}

export function tellCommitted(appends: readonly Append[]): void {
  tellEach(appends, (from, seqs) => from.tell({ kind: "committed", seqs }));
}

export function tellRefused(appends: readonly Append[], fault: StoreFault): void {
  tellEach(appends, (from, seqs) => from.tell({ kind: "refused", seqs, fault }));
}

function tellEach(appends: readonly Append[], tell: (from: ActorRef<CommitNews>, seqs: number[]) => void): void {
  const byRef = new Map<ActorRef<CommitNews>, number[]>();
  for (const { from, message } of appends) {
    const seqs = byRef.get(from);
    if (seqs === undefined) byRef.set(from, [message.seq]);
    else seqs.push(message.seq);
  }
  for (const [from, seqs] of byRef) tell(from, seqs);
}

/** About how much memory a call takes beside its own: documents, of which one may be large. */
export function unitsOf(call: StoreCall): number {
  let units = 0;
  for (const parameter of call) if (typeof parameter === "string") units += parameter.length;
  return units;
}
