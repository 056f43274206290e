/** One attempt to hand a message over. @module */
import { seqTime } from "../../store/sequence.ts";
import { carriedOn } from "../delivery/flight/on_hop.ts";
import type { Tracked } from "../delivery/tracked.ts";
import { type HopAnswer, type HopMessage, UnprovedError } from "./hop.ts";
import type { HopState } from "./hop_state.ts";
import { withoutVia } from "./via.ts";

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 600_000;

/** Resolves with the answer, or with the error that stands in its place. */
export async function attempt(state: HopState, tracked: Tracked, count: number): Promise<HopAnswer | Error> {
  try {
    return await hand(state, tracked, count);
  } catch (error) {
    return faultOf(error);
  }
}

async function hand({ hop, options, node }: HopState, tracked: Tracked, count: number): Promise<HopAnswer> {
  const { stanza, seq, flight } = tracked;
  const id = node.stanzaId(seq);
  const { rules, stage } = flight;
  const message: HopMessage = {
    id,
    stanza: withoutVia(stanza),
    rules: carriedOn(rules, undefined),
    onward: carriedOn(rules, stage.kind === "handed" ? stage.onTaken : undefined),
    sentAt: seqTime(seq),
    attempt: count,
  };
  const { timeoutMs } = options;
  const timeout = new AbortController();
  let cancel: (() => void) | undefined;
  const isLate = new Promise<never>((_, reject) => {
    cancel = node.schedule(timeoutMs, () => {
      const error = new UnprovedError(`Cannot hand message over: no answer within ${timeoutMs} ms`);
      reject(error);
      timeout.abort(error);
    });
  });
  try {
    return await Promise.race([hop.hand(message, timeout.signal), isLate]);
  } finally {
    cancel?.();
  }
}

/** Whatever was thrown, as an error that can be read. */
function faultOf(thrown: unknown): Error {
  if (thrown instanceof UnprovedError) return thrown;
  try {
    return new Error(thrown instanceof Error ? String(thrown.message) : String(thrown));
  } catch {
    return new Error("Cannot tell what was thrown: it has no text");
  }
}

/** Exponential: after so many attempts that failed. */
export function pauseAfter(attempts: number, longest = LONGEST_PAUSE_MS): number {
  return Math.min(longest, FIRST_PAUSE_MS * 2 ** (attempts - 1));
}
