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
export interface Written {
  readonly calls: readonly StoreCall[];
  /** Of each request: where its calls stand. */
  readonly places: readonly (readonly number[])[];
  /** Where the counts of streams stand. */
  readonly countsAt: number;
}

/** Steps of timelines stand last: most requests have some, and what stands together is written in few statements. */
export function writtenBy({ appends, settles, calls, counts }: Batch): Written {
  const written: StoreCall[] = [];
  if (appends.length > 0) written.push(["append", appends.map((append) => append.message)]);
  if (settles.length > 0) written.push(["settle", settles]);
  const places: number[][] = calls.map(() => []);
  const place = (isSteps: boolean) => {
    for (let at = 0; at < calls.length; at++) {
      const asked = calls[at]!.calls;
      for (let i = 0; i < asked.length; i++) {
        if ((asked[i]![0] === "noteSteps") === isSteps) places[at]![i] = written.push(asked[i]!) - 1;
      }
    }
  };
  place(false);
  const countsAt = written.length;
  if (counts.length > 0) written.push(["putStreams", counts]);
  place(true);
  return { calls: written, places, countsAt };
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
