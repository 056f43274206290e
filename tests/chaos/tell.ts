/** A short way to write histories: Romeo's session `r` and Juliet's sessions, one event each millisecond unless said otherwise. */
import type { ChaosRule, HistoryEvent } from "../../chaos/history.ts";

type Fact = (at: number) => HistoryEvent;

export const DIRECT: ChaosRule = { condition: "deliver", value: "direct", action: "notify" };
export const STORED: ChaosRule = { condition: "deliver", value: "stored", action: "notify" };

/** Facts in their order; a number moves the clock on by so many milliseconds. */
export function tell(...facts: readonly (Fact | number)[]): HistoryEvent[] {
  let at = Date.UTC(2026, 10, 22);
  const events: HistoryEvent[] = [];
  for (const fact of facts) {
    if (typeof fact === "number") at += fact;
    else events.push(fact(at++));
  }
  return events;
}

export function bound(session: string, user: string, device = "d0", managed = true): Fact {
  return (at) => ({ at, kind: "bound", session, user, device, transport: "websocket", managed });
}

export function cut(session: string): Fact {
  return (at) => ({ at, kind: "cut", session, how: "cut" });
}

export function resumed(session: string): Fact {
  return (at) => ({ at, kind: "resumed", session });
}

export function started(): Fact {
  return (at) => ({ at, kind: "started" });
}

export function closing(session: string): Fact {
  return (at) => ({ at, kind: "closing", session });
}

export function ended(session: string, clean = true): Fact {
  return (at) => ({ at, kind: "ended", session, clean });
}

export function killed(): Fact {
  return (at) => ({ at, kind: "killed" });
}

/** By Romeo in session `r` to Juliet. */
export function sent(message: string, rules: readonly ChaosRule[] = [], session = "r"): Fact {
  return (at) => ({ at, kind: "sent", message, session, to: "juliet", resource: "", rules });
}

export function accepted(message: string): Fact {
  return (at) => ({ at, kind: "accepted", message });
}

export function received(message: string, session = "j", via: "live" | "archive" = "live", stanzaId?: string): Fact {
  return (at) => ({ at, kind: "received", message, session, via, stanzaId: stanzaId ?? `id-${message}` });
}

export function copied(message: string, session = "j"): Fact {
  return (at) => ({ at, kind: "copied", message, session });
}

export function report(
  message: string,
  kind: "notify" | "alert" | "error" | "bounce",
  why: string,
  stanzaId = `id-${message}-${why}`,
  session = "r",
): Fact {
  return (at) => ({ at, kind: "report", message, session, report: kind, why, stanzaId });
}

export function archived(message: string, user: string, stanzaId = `id-${message}`): Fact {
  return (at) => ({ at, kind: "archived", message, user, stanzaId });
}
