/**
 * The store's actor: one per server. It holds the group commit, runs its transactions and readings on the store's own thread, and
 * brings it their ends as letters.
 * @module
 */
import { seqTime } from "../store/sequence.ts";
import { type Store, type StoreCall, StoreFault, type StoreReply } from "../store/store.ts";
import type { Meters } from "./meters.ts";
import type { Actor, ActorRef } from "./runtime/mailbox.ts";
import { type CommitHost, GroupCommit } from "./store/group_commit.ts";
import type { StoreMessage } from "./store_letter.ts";

export interface StoreActorStart extends Omit<CommitHost, "run" | "read" | "wake"> {
  readonly store: Store;
  readonly meters: Meters;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly schedule: (ms: number, task: () => void) => () => void;
  readonly self: () => ActorRef<StoreMessage>;
}

export class StoreActor implements Actor<StoreMessage> {
  readonly #start: StoreActorStart;
  readonly #commits: GroupCommit;

  constructor(start: StoreActorStart) {
    this.#start = start;
    const { store, schedule, self } = start;
    this.#commits = new GroupCommit({
      ...start,
      run: (batch) => {
        const began = start.now();
        void ended(store.run(batch)).then((replies) => {
          meterBatch(start, batch, replies, began);
          self().tell({ kind: "done", replies });
        });
      },
      read: (reading, reads) => {
        const calls = reads.map(({ call }) => call);
        void ended(store.read(calls)).then((replies) => self().tell({ kind: "answered", reading, replies }));
      },
      wake: (ms) => schedule(ms, () => self().tell({ kind: "tick" })),
    });
  }

  receive(message: StoreMessage): void {
    switch (message.kind) {
      case "append":
        return this.#commits.append(message);
      case "settle":
        return this.#commits.settle(message.owner, message.seqs);
      case "calls":
        return this.#commits.call(message);
      case "read":
        // Behind whatever else this turn of the event loop still asks.
        if (this.#commits.read(message)) queueMicrotask(() => this.#start.self().tell({ kind: "turn" }));
        return;
      case "turn":
        return this.#commits.turnEnded();
      case "hurry":
        return this.#commits.hurry();
      case "counts":
        return this.#commits.noteCounts();
      case "tick":
        return this.#commits.tick();
      case "done":
        return this.#commits.committed(message.replies);
      case "answered":
        return this.#commits.answered(message.reading, message.replies);
      default:
        message satisfies never;
    }
  }

  stopped(): void {
    this.#commits.stop();
  }
}

/** What is told after the end: whoever waits for an answer gets one. */
export function refuseAtEnd(message: StoreMessage): void {
  const fault = new StoreFault("failed", "Cannot run a batch: the server has stopped");
  if (message.kind === "calls" || message.kind === "read") message.reject(fault);
  else if (message.kind === "append") message.from.tell({ kind: "refused", seqs: [message.message.seq], fault });
}

function ended(replies: Promise<readonly StoreReply[]>): Promise<readonly StoreReply[] | StoreFault> {
  return replies.catch((error) =>
    error instanceof StoreFault ? error : new StoreFault("failed", `Cannot use the store: ${String(error)}`),
  );
}

type MeterStart = Pick<StoreActorStart, "meters" | "now">;

function meterBatch(
  { meters, now }: MeterStart,
  batch: readonly StoreCall[],
  replies: readonly StoreReply[] | StoreFault,
  began: number,
): void {
  const at = now();
  meters.lastBatch = { at, isCommitted: !(replies instanceof StoreFault) };
  if (replies instanceof StoreFault) return void meters.failedBatches++;
  meters.batchMs.add(at - began);
  let writes = 0;
  for (let i = 0; i < batch.length; i++) {
    const [method, rows] = batch[i]!;
    writes += Array.isArray(rows) ? rows.length : 1;
    if (method !== "append" || "fault" in replies[i]!) continue;
    for (const { seq } of rows) meters.commits.add(Math.max(0, at - seqTime(seq)));
  }
  meters.batchWrites.add(writes);
}
