import type { Jid } from "../../xmpp/jid.ts";
import type { SessionHandle, TransportMessage } from "../session_service.ts";
import type { OwnSessionRef } from "./session_letter.ts";

/** A session as its stream knows it. */
export class BoundSession implements SessionHandle {
  readonly jid: Jid;
  readonly #ref: OwnSessionRef;

  constructor(jid: Jid, ref: OwnSessionRef) {
    this.jid = jid;
    this.#ref = ref;
  }

  tell(message: TransportMessage): void {
    this.#ref.tell(message);
  }
}
