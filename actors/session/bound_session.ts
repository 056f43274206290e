import type { Jid } from "../../xmpp/jid.ts";
import type { SessionRef } from "../protocol.ts";
import type { SessionHandle, TransportMessage } from "../sessions.ts";

/** A session as its stream knows it. */
export class BoundSession implements SessionHandle {
  readonly jid: Jid;
  readonly #ref: SessionRef;

  constructor(jid: Jid, ref: SessionRef) {
    this.jid = jid;
    this.#ref = ref;
  }

  tell(message: TransportMessage): void {
    this.#ref.tell(message);
  }
}
