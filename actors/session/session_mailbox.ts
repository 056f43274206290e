/** The address of a session on this node. @module */
import type { ResourceAnswer } from "../../amp/plan.ts";
import type { SessionId } from "../delivery/flight/flight.ts";
import type { SessionMessage, SessionRef } from "../protocol.ts";
import { type ActorKind, Mailbox } from "../runtime/mailbox.ts";
import type { Scheduler } from "../runtime/scheduler.ts";
import type { SessionActor } from "../session_actor.ts";

export class SessionMailbox extends Mailbox<SessionMessage> implements SessionRef {
  readonly id: SessionId;

  constructor(kind: ActorKind<SessionMessage>, scheduler: Scheduler, id: SessionId) {
    super(kind, scheduler);
    this.id = id;
  }

  get view(): ResourceAnswer | undefined {
    return (this.actor as SessionActor | undefined)?.view;
  }
}
