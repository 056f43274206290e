/**
 * Holds the timelines that the server has kept against the clients' records. Pure: both in, violations out.
 *
 * - untracked: an accepted message with rules that has no timeline.
 * - unsettled: a timeline without an end, though the message waits nowhere.
 * - settled-twice: steps behind the one that settles the message.
 * - false-step: `direct`, and no client has received the message; or `direct` was reported, and no step says who proved it.
 * @module
 */
import type { KeptTimeline } from "../store/store.ts";
import type { EventOf, HistoryEvent } from "./history.ts";
import type { Violation, ViolationKind } from "./violation.ts";

export interface KeptTimelines {
  readonly timelines: readonly KeptTimeline[];
  /** The ids of the timelines whose message waits. */
  readonly waiting: ReadonlySet<string>;
}

/** `isOurs`: whether that user's server has kept the timelines; of a message to another server it cannot tell what came of it there. */
export function checkTimelines(
  history: readonly HistoryEvent[],
  kept: KeptTimelines,
  isOurs: (user: string) => boolean = () => true,
): Violation[] {
  const byMessage = new Map(kept.timelines.map((timeline) => [timeline.stanza, timeline]));
  const accepted = new Set(of(history, "accepted").map(({ message }) => message));
  const received = new Set(of(history, "received").map(({ message }) => message));
  const direct = new Set(
    of(history, "report").flatMap(({ message, report, why }) =>
      report === "notify" && why === "deliver=direct" ? [message] : [],
    ),
  );
  const users = new Map(of(history, "bound").map(({ session, user }) => [session, user]));
  return of(history, "sent").flatMap(({ message, rules, session, to }) => {
    if (rules.length === 0 || !isOurs(users.get(session) ?? "")) return [];
    const timeline = byMessage.get(message);
    if (timeline === undefined) return accepted.has(message) ? [violation("untracked", message, "no timeline")] : [];
    const facts = { isReceived: received.has(message), isDirect: direct.has(message) && isOurs(to) };
    return [...checkOne(message, timeline, kept.waiting.has(timeline.id), accepted.has(message), facts)];
  });
}

function* checkOne(
  message: string,
  { steps, settled }: KeptTimeline,
  waits: boolean,
  isAccepted: boolean,
  { isReceived, isDirect }: { readonly isReceived: boolean; readonly isDirect: boolean },
): Iterable<Violation> {
  const words = steps.map(({ kind }) => kind).join(" ");
  const ends = steps.filter((step) => step.settles !== undefined);
  if (ends.length > 1 || (ends.length === 1 && steps.at(-1) !== ends[0])) {
    yield violation("settled-twice", message, words);
  }
  if (isAccepted && ends.length === 0 && !waits) yield violation("unsettled", message, words);
  if (settled === "direct" && !isReceived)
    yield violation("false-step", message, `direct, and nobody has it: ${words}`);
  if (isDirect && !steps.some(({ kind }) => kind === "proved")) {
    yield violation("false-step", message, `direct was reported, and nothing says who proved it: ${words}`);
  }
}

function of<Kind extends HistoryEvent["kind"]>(history: readonly HistoryEvent[], kind: Kind): EventOf<Kind>[] {
  return history.filter((event): event is EventOf<Kind> => event.kind === kind);
}

function violation(kind: ViolationKind, message: string, text: string): Violation {
  return { kind, messages: [message], text: `${message}: ${text}` };
}
