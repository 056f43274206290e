/** ANONYMOUS: RFC 4505, as XEP-0175 has it: an account that lasts as long as its session, with a name nobody can guess. @module */
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
