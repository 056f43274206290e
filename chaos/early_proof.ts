/** Treats the writing of a message as its receipt: replaces a session's handling of deliveries. @module */
import type { SessionMessage } from "../actors/session/session_letter.ts";
import { SessionActor } from "../actors/session_actor.ts";
import { ActorSystem } from "../actors/system.ts";
import type { Jid } from "../xmpp/jid.ts";

type Delivered = (system: ActorSystem, owner: Jid, seq: number, resource: string) => void;

/** The row of a waiting message goes when it is written. */
export function settleAtWrite(): void {
  onDelivery((system, owner, seq) => system.store.tell({ kind: "settle", owner: owner.text, seqs: [seq] }));
}

/** The message is proved when it is written: its row goes, and `direct` is notified. */
export function proveAtWrite(): void {
  onDelivery((system, owner, seq, resource) => {
    system.user(owner).delivery.tell({ kind: "proved", seqs: [seq], resource, by: "ping" });
  });
}

function onDelivery(delivered: Delivered): void {
  let system: ActorSystem | undefined;
  const { run } = ActorSystem.prototype;
  ActorSystem.prototype.run = function (this: ActorSystem) {
    system = this;
    return run.call(this);
  };
  const { receive } = SessionActor.prototype;
  SessionActor.prototype.receive = function (this: SessionActor, message: SessionMessage) {
    receive.call(this, message);
    if (message.kind !== "deliver" || message.seq === 0 || system === undefined) return;
    const { to } = message.stanza;
    if (to !== undefined) delivered(system, to.bare, message.seq, to.resource);
  };
}
