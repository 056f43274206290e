/** Which mechanisms a stream offers, strongest first. @module */
import { SCRAM_HASHES } from "../../xmpp/scram_keys.ts";
import type { StreamSettings } from "../stream_services.ts";
import { anonymous } from "./anonymous.ts";
import { plain } from "./plain.ts";
import type { SaslMechanism } from "./sasl_mechanism.ts";
import { scram } from "./scram.ts";

const ALL: readonly SaslMechanism[] = [...SCRAM_HASHES.map(scram), plain, anonymous];

/** How well the bytes of a stream are protected. */
export interface StreamSecurity {
  readonly encrypted: boolean;
  readonly loopback: boolean;
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

function refusal(
  mechanism: SaslMechanism,
  settings: Pick<StreamSettings, "plainWithoutTls" | "anonymous">,
  { encrypted, loopback }: StreamSecurity,
): Refusal | undefined {
  if (mechanism.name === "ANONYMOUS" && !settings.anonymous) return "invalid-mechanism";
  if (!mechanism.plaintext || encrypted || settings.plainWithoutTls === "always") return undefined;
  return settings.plainWithoutTls === "loopback" && loopback ? undefined : "encryption-required";
}
