/** Which mechanisms a stream offers, strongest first. @module */
import { SCRAM_HASHES } from "../../xmpp/scram_keys.ts";
import type { StreamSettings } from "../stream_services.ts";
import { anonymous } from "./anonymous.ts";
import { hashedToken, TOKEN_BINDINGS } from "./hashed_token.ts";
import { plain } from "./plain.ts";
import type { ChannelBindings, SaslMechanism } from "./sasl_mechanism.ts";
import { scram, scramPlus } from "./scram.ts";

const BOUND: readonly SaslMechanism[] = SCRAM_HASHES.map(scramPlus);
const ALL: readonly SaslMechanism[] = [...BOUND, ...SCRAM_HASHES.map(scram), plain, anonymous];
const TOKENS = (["EXPR", "ENDP", "NONE"] as const).map(
  (suffix) => [hashedToken(suffix), TOKEN_BINDINGS[suffix]] as const,
);

/** How well the bytes of a stream are protected. */
export interface StreamSecurity {
  readonly encrypted: boolean;
  readonly loopback: boolean;
  /** Of the TLS connection; left out where nothing is to be bound to it. */
  readonly channelBindings?: ChannelBindings;
}

/**
 * As the profile of RFC 6120 has it: without channel binding, which is for SASL2. Clients of this older profile that know it
 * take tls-unique for granted, which TLS 1.3 has not, and may not go on without (RFC 5802 section 6). XEP-0440 section 3
 * leaves them alone too. So the flag `y` of such a client ("the server has none") is right, and no sign of a downgrade:
 * Smack sends it always. Who takes SASL2 out of the features is found out by downgrade_protection.ts.
 */
export function withoutBinding({ encrypted, loopback }: StreamSecurity): StreamSecurity {
  return { encrypted, loopback };
}

export type Refusal = "invalid-mechanism" | "encryption-required";

export function offeredMechanisms(
  settings: Pick<StreamSettings, "plainWithoutTls" | "anonymous">,
  security: StreamSecurity,
): readonly SaslMechanism[] {
  return ALL.filter((mechanism) => refusal(mechanism, settings, security) === undefined);
}

/** The mechanism of that name, or why it cannot be used here (RFC 6120 section 6.5). */
export function findMechanism(
  name: string,
  settings: Pick<StreamSettings, "plainWithoutTls" | "anonymous">,
  security: StreamSecurity,
): SaslMechanism | Refusal {
  const mechanism = ALL.find((candidate) => candidate.name === name);
  if (mechanism === undefined) return "invalid-mechanism";
  return refusal(mechanism, settings, security) ?? mechanism;
}

/**
 * The mechanisms that take a token instead of a password (XEP-0484 section 3.1), those with channel binding first. Without
 * TLS what is sent can be sent again by who has seen it, like a password: it is allowed where PLAIN is.
 */
export function tokenMechanisms(
  settings: Pick<StreamSettings, "plainWithoutTls">,
  { encrypted, loopback, channelBindings }: StreamSecurity,
): readonly SaslMechanism[] {
  if (!encrypted && (!loopback || settings.plainWithoutTls === "never")) return [];
  return TOKENS.flatMap(([mechanism, type]) =>
    type === undefined || channelBindings?.has(type) === true ? [mechanism] : [],
  );
}

function refusal(
  mechanism: SaslMechanism,
  settings: Pick<StreamSettings, "plainWithoutTls" | "anonymous">,
  { encrypted, loopback, channelBindings }: StreamSecurity,
): Refusal | undefined {
  if (BOUND.includes(mechanism) && !channelBindings?.size) return "invalid-mechanism";
  if (mechanism.name === "ANONYMOUS" && !settings.anonymous) return "invalid-mechanism";
  if (!mechanism.plaintext || encrypted || settings.plainWithoutTls === "always") return undefined;
  return settings.plainWithoutTls === "loopback" && loopback ? undefined : "encryption-required";
}
