/** ANONYMOUS: RFC 4505 and XEP-0175. The account lasts as long as its session and has an unguessable name. @module */
import { Jid } from "../../xmpp/jid.ts";
import type { SaslMechanism } from "./sasl_mechanism.ts";

export const anonymous: SaslMechanism = {
  name: "ANONYMOUS",
  plaintext: false,
  withoutResponse: "empty",
  start: (context) => ({
    respond: () => ({ kind: "success", account: Jid.of(`anon-${context.newNonce()}`, context.domain) }),
  }),
};
