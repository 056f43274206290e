/**
 * HT-SHA-256-*: one message with an HMAC under a token that the server stores. draft-schmaus-kitten-sasl-ht. @module
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { SaslError } from "../../xmpp/errors.ts";
import type { SaslContext, SaslMechanism, SaslStep } from "./sasl_mechanism.ts";
import { accountOf, decodeText } from "./sasl_text.ts";

const HASH_BYTES = 32;

/** The channel binding for the suffix of each name. `UNIQ` is left out: TLS 1.3 has no tls-unique. */
export const TOKEN_BINDINGS = { EXPR: "tls-exporter", ENDP: "tls-server-end-point", NONE: undefined } as const;

export function hashedToken(suffix: keyof typeof TOKEN_BINDINGS): SaslMechanism {
  const name = `HT-SHA-256-${suffix}`;
  return {
    name,
    plaintext: false,
    withoutResponse: "empty",
    start: (context) => ({ respond: (message) => respond(message, name, TOKEN_BINDINGS[suffix], context) }),
  };
}

async function respond(
  message: Uint8Array,
  name: string,
  type: string | undefined,
  context: SaslContext,
): Promise<SaslStep> {
  const end = message.indexOf(0);
  if (end < 1) throw new SaslError("malformed-request");
  const binding = type === undefined ? new Uint8Array() : context.channelBindings?.get(type);
  if (binding === undefined || context.useToken === undefined) throw new SaslError("invalid-mechanism");
  const account = accountOf(decodeText(message.subarray(0, end)), context.domain);
  const hash = message.subarray(end + 1);
  // Same error as for a wrong token: clients then fall back to their password (XEP-0484 section 4.1).
  if (hash.length !== HASH_BYTES) throw new SaslError("not-authorized");
  const proves = (token: string) => timingSafeEqual(hashOf(token, "Initiator", binding), hash);
  const token = await context.useToken(account, name, proves);
  return { kind: "success", account, data: hashOf(token, "Responder", binding) };
}

function hashOf(token: string, party: "Initiator" | "Responder", binding: Uint8Array): Uint8Array {
  return createHmac("sha256", token).update(party).update(binding).digest();
}
