/** The mechanisms that a stream offers, strongest first. @module */
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

/** The protection of a stream's connection. */
export interface StreamSecurity {
  readonly encrypted: boolean;
  readonly loopback: boolean;
  /** Channel bindings of the TLS connection; left out when there are none. */
  readonly channelBindings?: ChannelBindings;
}

/**
 * For the profile of RFC 6120: without channel binding, which SASL2 offers. Clients of the older profile that support
 * channel binding assume tls-unique, which TLS 1.3 does not have, and must not continue without it (RFC 5802 section
 * 6); XEP-0440 section 3 exempts them too. The flag `y` of such a client ("the server supports none") is therefore
 * correct and no sign of a downgrade; Smack always sends it. downgrade_protection.ts detects the removal of SASL2 from
 * the features.
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

/** The mechanism of that name, or the reason why it cannot be used here (RFC 6120 section 6.5). */
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
 * The mechanisms that take a token instead of a password (XEP-0484 section 3.1), those with channel binding first.
 * Without TLS an eavesdropper can replay the message, like a password, so tokens are allowed where PLAIN is.
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
