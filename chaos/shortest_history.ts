/** The part of a history that explains a violation. @module */
import type { HistoryEvent } from "./history.ts";
import type { Violation } from "./violation.ts";

/** Time before the sending of the message for which sessions of both sides are shown. */
const BEFORE_MS = 1500;

/** The events of its messages, and of the sessions of both sides while the messages were under way. */
export function concerning(history: readonly HistoryEvent[], violation: Violation): HistoryEvent[] {
  const ids = new Set(violation.messages);
  const isOwn = (event: HistoryEvent): boolean => "message" in event && ids.has(event.message);
  const own = history.filter(isOwn);
  const users = usersOf(own);
  const named = new Set(own.flatMap((event) => ("session" in event ? [event.session] : [])));
  const from = (own[0]?.at ?? 0) - BEFORE_MS;
  const until = own.findLast(({ kind }) => kind !== "archived")?.at ?? 0;
  return history.filter((event) => {
    if (isOwn(event)) return true;
    if ("message" in event) return false;
    if (event.kind === "bound" && named.has(event.session)) return true;
    const isWithin = event.at >= from && event.at <= until;
    return isWithin && (!("session" in event) || users.has(userOf(event.session)));
  });
}

function usersOf(events: readonly HistoryEvent[]): ReadonlySet<string> {
  return new Set(
    events.flatMap((event) => [
      ...("session" in event ? [userOf(event.session)] : []),
      ...(event.kind === "sent" ? [event.to] : []),
    ]),
  );
}

/** Sessions are named `user/device#number`. */
function userOf(session: string): string {
  return session.split("/")[0]!;
}

/** One line for each event; times count from the first. */
export function showHistory(events: readonly HistoryEvent[], limit: number): string[] {
  const start = events[0]?.at ?? 0;
  const lines = events.map(({ at, kind, ...facts }) => {
    const shown = Object.entries(facts).map(([name, value]) => `${name}=${showFact(value)}`);
    return `${String(at - start).padStart(7)} ms  ${kind.padEnd(9)} ${shown.join(" ")}`;
  });
  return lines.length <= limit ? lines : [...lines.slice(0, limit), `... and ${lines.length - limit} more`];
}

function showFact(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
