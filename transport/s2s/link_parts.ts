/** What all streams to and from other servers share. @module */
import type { Inbound } from "../../destinations/federation/links.ts";
import type { Log } from "../../xmpp/log.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import type { TrustedRoots } from "./certificate/trusted_roots.ts";
import type { DialbackKeys } from "./dialback_key.ts";
import type { DomainBudget } from "./domain_budget.ts";
import type { DomainPolicy } from "./domain_policy.ts";
import type { Locator } from "./locate.ts";
import type { OpenQuestions } from "./open_questions.ts";
import type { S2sSettings } from "./s2s_settings.ts";
import type { TlsIdentity } from "./tls_identity.ts";

export interface LinkParts {
  readonly settings: S2sSettings;
  readonly policy: DomainPolicy;
  readonly inbound: Inbound;
  readonly tls: TlsIdentity;
  readonly roots: () => TrustedRoots;
  readonly keys: DialbackKeys;
  readonly locator: Locator;
  readonly questions: OpenQuestions;
  readonly budget: DomainBudget;
  readonly log: Log;
  readonly now: () => number;
  readonly newId: () => string;
  readonly schedule: (ms: number, task: () => void) => () => void;
  /** Sends an answer of this server to a stanza of another one. */
  readonly answer: (stanza: Stanza) => void;
}
