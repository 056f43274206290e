/** Joins the parts of the streams between servers. @module */
import { rootCertificates } from "node:tls";
import type { Inbound } from "../../destinations/federation/links.ts";
import type { Log } from "../../xmpp/log.ts";
import type { CertificatePem } from "../tcp/tls_certificate.ts";
import { TrustedRoots } from "./certificate/trusted_roots.ts";
import { DialbackKeys } from "./dialback_key.ts";
import { DomainBudget } from "./domain_budget.ts";
import { DomainPolicy } from "./domain_policy.ts";
import { Locator } from "./locate.ts";
import type { NameResolver } from "./name_resolver.ts";
import { OpenQuestions } from "./open_questions.ts";
import { S2sListeners } from "./s2s_listeners.ts";
import type { S2sSettings } from "./s2s_settings.ts";
import { ServerLinks } from "./server_links.ts";
import { TlsIdentity } from "./tls_identity.ts";

export interface LinksOptions {
  readonly settings: S2sSettings;
  readonly inbound: Inbound;
  readonly resolver: NameResolver;
  /** Of this server, the same on all its processes and after a restart: dialback keys are made with it. */
  readonly secret: Uint8Array;
  readonly log: Log;
  readonly now: () => number;
  readonly newId: () => string;
  readonly schedule: (ms: number, task: () => void) => () => void;
  readonly random?: () => number;
}

export interface S2s {
  readonly links: ServerLinks;
  readonly listeners: S2sListeners;
  /** For new connections, in both directions. Throws when it cannot be used. */
  useCertificate(certificate: CertificatePem): void;
  /** Certificates of authorities beside those of the runtime, PEM. Throws when they cannot be read. */
  trust(pem: string): void;
}

/** Streams can be made and accepted once there is a certificate. */
export function createLinks({
  settings,
  inbound,
  resolver,
  secret,
  random = Math.random,
  ...parts
}: LinksOptions): S2s {
  const tls = new TlsIdentity();
  let further: readonly string[] = [];
  // Made when the first certificate is judged: reading a hundred authorities takes some milliseconds.
  let roots: TrustedRoots | undefined;
  const links = new ServerLinks({
    ...parts,
    settings,
    inbound,
    tls,
    policy: new DomainPolicy(settings),
    roots: () => (roots ??= new TrustedRoots([...rootCertificates, ...further])),
    keys: new DialbackKeys(secret),
    locator: new Locator({ resolver, now: parts.now, random, negativeMs: settings.negativeMs }),
    questions: new OpenQuestions(),
    budget: new DomainBudget(settings, parts.now),
  });
  return {
    links,
    listeners: new S2sListeners(links, parts.log),
    useCertificate: (certificate) => tls.use(certificate),
    trust(pem) {
      if (new TrustedRoots([pem]).size === 0) throw new Error("Cannot trust authorities: the text has no certificate");
      further = [pem];
      roots = undefined;
    },
  };
}
