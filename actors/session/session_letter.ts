/** What sessions are told. @module */
import type { ResourceAnswer } from "../../amp/plan.ts";
import type { StreamError } from "../../xmpp/errors.ts";
import type { Jid } from "../../xmpp/jid.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import type { SessionId } from "../address.ts";
import type { SessionPlace } from "../census.ts";
import type { Connection } from "../connection.ts";
import type { ActorRef } from "../runtime/mailbox.ts";
import type { ResumeResult, TransportMessage } from "../session_service.ts";

export type SessionLetter =
  /**
   * To the device. `seq` 0: nobody waits for proof of receipt. After `until`, milliseconds since 1970, it must not be sent
   * again (XEP-0079 expire-at). `ofStranger`: its sender, or that of the copied message, is not on the account's roster.
   */
  | {
      readonly kind: "deliver";
      readonly stanza: Stanza;
      readonly seq: number;
      readonly until?: number | undefined;
      readonly ofStranger?: boolean;
    }
  /** One of the two sides of an inbound message answers for it: its sender's own archive, or its recipient's side. */
  | { readonly kind: "accepted"; readonly ticket: number; readonly side: "sender" | "recipient" }
  /** A message that waits for proof in a session without connection must not be sent again. */
  | { readonly kind: "revoke"; readonly seq: number }
  /** Ends the stream. */
  | { readonly kind: "end"; readonly error: StreamError | undefined };

/** What a session is told in its own process: by its connection, by the store, and by the clock. */
export type SessionMessage =
  | SessionLetter
  | TransportMessage
  /** The store has that count of the stream's stanzas; undefined: it could not keep it. */
  | { readonly kind: "kept"; readonly count: number | undefined }
  /** XEP-0198 section 5: another connection takes the session over. */
  | {
      readonly kind: "attach";
      readonly connection: Connection;
      readonly h: number;
      readonly reply: (result: ResumeResult) => void;
    }
  /** The sweep: look at the clock. */
  | { readonly kind: "timer" };

/** A session, which answers at once what it would do with a message (XEP-0079 match-resource). */
export interface SessionRef {
  readonly id: SessionId;
  /** Undefined: the session is over. */
  readonly view: ResourceAnswer | undefined;
  tell(letter: SessionLetter): void;
}

/** A session of this process. */
export interface OwnSessionRef extends SessionRef, ActorRef<SessionMessage> {
  /** So much waits for the session that its client should not be read. */
  readonly isCrowded: boolean;
  /** Letters that wait. */
  readonly length: number;
  readonly place: SessionPlace;
  readonly account: Jid;
  /** Of the peer; undefined: it has no connection. */
  readonly peerAddress: string | undefined;
  tell(message: SessionMessage): void;
}
