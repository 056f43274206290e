/**
 * Messages for a client that never proves receipt. It breaks RFC 6120 section 8.2.3 by leaving pings unanswered, but it would
 * get them again at every login, for ever. What it has been given so many times, over streams that it ended in order, is not
 * offered any more and stays in its archive. Nobody is told of a receipt, which is still not proved; what no archive holds, or
 * a rule may still be met for, goes on waiting.
 * @module
 */
import { deadlineOf } from "../../amp/rule_state.ts";
import type { StoreCall } from "../../store/store.ts";
import { move } from "./carry_out.ts";
import type { DeliveryState } from "./delivery_state.ts";
import { transact } from "./log_rows.ts";
import type { Tracked } from "./tracked.ts";

const KIND = "never-proved";
const KEY = "";
/** How many messages are counted at a time: the newest. */
const MAX_COUNTED = 1000;

type Counts = Map<number, number>;
type Lost = DeliveryState["toPlan"];

/** Counts one delivery of each. Returns those that go on waiting, and lets go of the others. */
export async function countDeliveries(state: DeliveryState, lost: Lost): Promise<Lost> {
  const { node, owner } = state;
  const { unprovenDeliveries } = node.settings;
  if (!(unprovenDeliveries > 0) || !state.profile.persistent || !lost.some(mayGo)) return lost;
  try {
    const counts = readCounts(await node.database.document(owner.text, KIND, KEY));
    const gone = lost.filter((each) => mayGo(each) && count(counts, each.tracked) >= unprovenDeliveries);
    const seqs = gone.map(({ tracked }) => tracked.seq);
    for (const seq of seqs) counts.delete(seq);
    await keep(state, counts, seqs);
    for (const { tracked } of gone) move(state, tracked, { kind: "given-up" });
    return lost.filter((each) => !gone.includes(each));
  } catch (error) {
    node.log.error("cannot count deliveries without proof", { owner: owner.text, error });
    return lost;
  }
}

/** The recipient's archive holds it, and neither its sender nor a deadline waits for more. */
function mayGo({ tracked: { kept, replyTo, flight } }: Lost[number]): boolean {
  const { row, rules } = flight;
  if (!row.waits || !kept || row.log !== "durable" || replyTo?.to !== undefined) return false;
  return rules === undefined || (rules.settled && deadlineOf(rules) === undefined);
}

function count(counts: Counts, { seq }: Tracked): number {
  const times = (counts.get(seq) ?? 0) + 1;
  counts.set(seq, times);
  return times;
}

/** In one transaction: a crash neither forgets the count alone nor the row. */
async function keep({ node, owner }: DeliveryState, counts: Counts, gone: readonly number[]): Promise<void> {
  const rows = gone.map((seq) => ({ owner: owner.text, seq }));
  const calls: StoreCall[] = [documentCall(owner.text, counts)];
  if (rows.length > 0) calls.push(["settle", rows]);
  await new Promise<void>((resolve, reject) => {
    transact(node, calls, (fault) => (fault === undefined ? resolve() : reject(fault)));
  });
  if (rows.length > 0) node.log.info("messages go without proof", { owner: owner.text, messages: rows.length });
}

function documentCall(owner: string, counts: Counts): StoreCall {
  if (counts.size === 0) return ["removeDocument", owner, KIND, KEY];
  const newest = [...counts].sort(([one], [other]) => one - other).slice(-MAX_COUNTED);
  return ["putDocument", owner, KIND, KEY, newest.map(([seq, times]) => `${seq}:${times}`).join(" ")];
}

function readCounts(text = ""): Counts {
  const pairs = text === "" ? [] : text.split(" ").map((pair) => pair.split(":").map(Number));
  return new Map(pairs.map(([seq, times]) => [seq!, times!]));
}
