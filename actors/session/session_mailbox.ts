/** The address of a session on this node. @module */
import type { ResourceAnswer } from "../../amp/plan.ts";
import type { Jid } from "../../xmpp/jid.ts";
import type { SessionId } from "../address.ts";
import type { SessionPlace } from "../census.ts";
import { type ActorKind, Mailbox } from "../runtime/mailbox.ts";
import type { Scheduler } from "../runtime/scheduler.ts";
import type { SessionActor } from "../session_actor.ts";
import type { OwnSessionRef, SessionMessage } from "./session_letter.ts";

/** What may wait here before its client is no longer read: messages, and UTF-16 units. */
const CROWD = 32;
const CROWD_UNITS = 65_536;

export class SessionMailbox extends Mailbox<SessionMessage> implements OwnSessionRef {
  readonly id: SessionId;
  readonly account: Jid;

  constructor(kind: ActorKind<SessionMessage>, scheduler: Scheduler, id: SessionId, account: Jid) {
    super(kind, scheduler);
    this.id = id;
    this.account = account;
  }

  get view(): ResourceAnswer | undefined {
    return (this.actor as SessionActor | undefined)?.view;
  }

  get place(): SessionPlace {
    return (this.actor as SessionActor | undefined)?.connection?.transport ?? "detached";
  }

  get peerAddress(): string | undefined {
    return (this.actor as SessionActor | undefined)?.connection?.address;
  }

  /** Reading must not run ahead of handling, where turns are over before it is this session's. */
  override tell(message: SessionMessage): void {
    super.tell(message);
    if (message.kind === "inbound" && this.isCrowded) (this.actor as SessionActor | undefined)?.stopReading();
  }

  get isCrowded(): boolean {
    return this.length >= CROWD || this.bytes >= CROWD_UNITS;
  }
}
