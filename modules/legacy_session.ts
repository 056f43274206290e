/**
 * The session request of RFC 3921 section 3: nothing to do since RFC 6120, but older clients wait for its answer.
 * It is not announced: Strophe takes even an optional one as a step that must succeed.
 * @module
 */
import { NS } from "../xmpp/ns.ts";
import { type ServerModule, set } from "./module.ts";

export const legacySession: ServerModule = {
  name: "session",
  xeps: [{ rfc: 3921, title: "Session establishment", status: "complete", note: "answered, not announced" }],
  iq: { [set(NS.SESSION, "session")]: () => undefined },
};
