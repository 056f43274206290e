/** A session, for the people who run the server. @module */
import type { SessionPlace } from "./census.ts";
import type { OwnSessionRef } from "./session/session_letter.ts";

export interface SessionReport {
  readonly account: string;
  readonly resource: string;
  readonly transport: SessionPlace;
  /** Of the peer. Undefined: it has no connection. */
  readonly address: string | undefined;
  /** It has sent available presence. */
  readonly available: boolean;
  readonly priority: number;
}

/** Nothing of a session that has ended. */
export function reportSession({ account, view, place, peerAddress }: OwnSessionRef): readonly SessionReport[] {
  if (view === undefined) return [];
  const { resource, available, priority } = view;
  return [{ account: account.text, resource, transport: place, address: peerAddress, available, priority }];
}
