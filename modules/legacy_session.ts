/**
 * The session request of RFC 3921 section 3: obsolete since RFC 6120, but older clients wait for the answer. It is not
 * announced: Strophe treats even an optional feature as a required step.
 * @module
 */
import { NS } from "../xmpp/ns.ts";
import { type ServerModule, set } from "./module.ts";

export const legacySession: ServerModule = {
  name: "session",
  xeps: [{ rfc: 3921, title: "Session establishment", status: "complete", note: "answered, not announced" }],
  iq: { [set(NS.SESSION, "session")]: () => undefined },
};
