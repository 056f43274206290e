/**
 * The processes that share the accounts. Each account has one owner among them, which has its user and its delivery; a session
 * stays with the process that has its connection. A letter to an address elsewhere is written down (letter_codec.ts) and carried
 * there; frames between two processes keep their order.
 * @module
 */
import type { Jid } from "../xmpp/jid.ts";
import type { SessionId } from "./address.ts";

export interface Peers {
  /** The number of this process, from 0. */
  readonly own: number;
  /** How many there are. */
  readonly count: number;
  /** The process that owns the account of that bare JID, or the queue of that domain. */
  ownerOf(jid: Jid): number;
  /** Carries a frame to another process. Frames for one process arrive in order. */
  carry(process: number, frame: string): void;
  /** Tells how frames for this process are taken. */
  listen(take: (frame: string) => void): void;
}

/** A server of its own. */
export const ALONE: Peers = { own: 0, count: 1, ownerOf: () => 0, carry: () => {}, listen: () => {} };

const SESSIONS_OF_ONE = 2 ** 40;

export function firstSessionId({ own }: Peers): SessionId {
  return own * SESSIONS_OF_ONE;
}

/** Which process has that session. */
export function processOf(session: SessionId): number {
  return Math.floor(session / SESSIONS_OF_ONE);
}
