/** One attempt to hand a message over. @module */
import { seqTime } from "../../store/sequence.ts";
import type { Tracked } from "../delivery/tracked.ts";
import type { Hop, HopAnswer, HopMessage } from "./hop.ts";
import type { HopState } from "./hop_state.ts";
import { withoutVia } from "./via.ts";

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 600_000;

/** Resolves with the answer, or with the error that stands in its place. */
export async function attempt(
  { hop, options, node }: HopState,
  tracked: Tracked,
  count: number,
): Promise<HopAnswer | Error> {
  const { timeoutMs } = options;
  const timeout = new AbortController();
  let cancel: (() => void) | undefined;
  const isLate = new Promise<Error>((resolve) => {
    cancel = node.schedule(timeoutMs, () => {
      const error = new Error(`Cannot hand message over: no answer within ${timeoutMs} ms`);
      resolve(error);
      timeout.abort(error);
    });
  });
  const { stanza, seq } = tracked;
  const id = node.stanzaId(seq);
  const message: HopMessage = { id, stanza: withoutVia(stanza), sentAt: seqTime(seq), attempt: count };
  try {
    return await Promise.race([call(hop, message, timeout.signal), isLate]);
  } finally {
    cancel?.();
  }
}

async function call(hop: Hop, message: HopMessage, signal: AbortSignal): Promise<HopAnswer | Error> {
  try {
    return await hop.hand(message, signal);
  } catch (error) {
    return faultOf(error);
  }
}

/** Whatever was thrown, as an error that can be read. */
function faultOf(thrown: unknown): Error {
  try {
    return new Error(thrown instanceof Error ? String(thrown.message) : String(thrown));
  } catch {
    return new Error("Cannot tell what was thrown: it has no text");
  }
}

/** Exponential: after so many attempts that failed. */
export function pauseAfter(attempts: number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempts - 1));
}
