/** One server's end of the streams between servers, over real sockets, with a DNS of the test. Runs on Bun and on Deno. @module */
import { setTimeout as sleep } from "node:timers/promises";
import type { Inbound } from "../../../destinations/federation/links.ts";
import { createLinks, type S2s } from "../../../transport/s2s/create_links.ts";
import type { NameResolver, SrvRecord } from "../../../transport/s2s/name_resolver.ts";
import type { S2sSettings } from "../../../transport/s2s/s2s_settings.ts";
import type { CertificatePem } from "../../../transport/tcp/tls_certificate.ts";
import type { Log } from "../../../xmpp/log.ts";
import { NS } from "../../../xmpp/ns.ts";
import { Stanza } from "../../../xmpp/stanza.ts";
import { DEFAULT_XML_LIMITS } from "../../../xmpp/xml/scanned_element.ts";

export const SETTINGS: Omit<S2sSettings, "domains"> = {
  auth: ["external", "dialback"],
  requireTls: true,
  allow: [],
  deny: [],
  require: {},
  bidi: false,
  xmlLimits: DEFAULT_XML_LIMITS,
  strangerBytes: 16_384,
  negotiationMs: 5000,
  connectMs: 2000,
  proofMs: 3000,
  probeMs: 60_000,
  idleMs: 0,
  attempts: 50,
  waitingAttempts: 1000,
  negativeMs: 60_000,
  strangers: 100,
  strangersPerAddress: 100,
  streamsPerDomain: 100,
  pendingKeys: 5,
  stanzasPerSecond: 0,
  stanzaBurst: 1000,
  bytesPerSecond: 0,
  byteBurst: 1_000_000,
  waitingStanzas: 10_000,
  waitingUnits: 10_000_000,
};

/** Names of the test; every address is of this machine. */
export class TestDns implements NameResolver {
  readonly srvRecords = new Map<string, SrvRecord[]>();
  readonly hosts = new Map<string, string[]>();
  readonly asked: string[] = [];
  isAway = false;

  async srv(name: string): Promise<readonly SrvRecord[]> {
    this.#ask(name);
    return this.srvRecords.get(name) ?? [];
  }

  async addresses(host: string): Promise<readonly string[]> {
    this.#ask(host);
    return this.hosts.get(host) ?? [];
  }

  /** `port` of 127.0.0.1 is the server of the domain. */
  put(domain: string, port: number, direct = false): void {
    const host = `xmpp.${domain}`;
    this.srvRecords.set(`_xmpp${direct ? "s" : ""}-server._tcp.${domain}`, [
      { name: host, port, priority: 0, weight: 0 },
    ]);
    this.hosts.set(host, ["127.0.0.1"]);
  }

  #ask(name: string): void {
    this.asked.push(name);
    if (this.isAway) throw new Error("DNS is away");
  }
}

export interface LinkEndOptions {
  readonly domains: readonly string[];
  readonly dns: NameResolver;
  readonly certificate: CertificatePem;
  readonly ca: string;
  readonly settings?: Partial<S2sSettings>;
  readonly now?: () => number;
  readonly secret?: string;
}

export class LinkEnd implements Inbound {
  readonly s2s: S2s;
  readonly stanzas: Stanza[] = [];
  readonly records: { readonly what: string; readonly fields: Record<string, unknown> }[] = [];
  /** Does with each stanza what a destination would; tells at once that it is handled unless set. */
  handle: (stanza: Stanza, handled: () => void) => void = (stanza, handled) => {
    this.answerPing(stanza);
    handled();
  };

  constructor({ domains, dns, certificate, ca, settings, now = Date.now, secret = domains[0] }: LinkEndOptions) {
    const note = (what: string, fields: Record<string, unknown> = {}) => void this.records.push({ what, fields });
    const log: Log = { debug: note, info: note, warn: note, error: note };
    let ids = 0;
    this.s2s = createLinks({
      settings: { ...SETTINGS, ...settings, domains },
      inbound: this,
      resolver: dns,
      secret: new TextEncoder().encode(`secret of ${secret}`),
      log,
      now,
      newId: () => `id-${domains[0]}-${++ids}`,
      schedule(ms, task) {
        const timer = setTimeout(task, ms);
        return () => clearTimeout(timer);
      },
      random: () => 0,
    });
    this.s2s.useCertificate(certificate);
    this.s2s.trust(ca);
  }

  /** Contents of what has come. */
  get contents(): string[] {
    return this.stanzas.map((stanza) => stanza.inner);
  }

  send(text: string, proof: boolean): Promise<void> {
    return this.s2s.links.send(Stanza.parse(text), { proof });
  }

  listen(direct = false, host = "127.0.0.1"): Promise<number> {
    return this.s2s.listeners.listen({ host, port: 0, direct });
  }

  async stop(): Promise<void> {
    this.s2s.listeners.close();
    await this.s2s.links.close();
  }

  /** XEP-0199 and XEP-0030, which the server above answers. */
  answerPing(stanza: Stanza): void {
    if (stanza.name !== "iq" || stanza.type !== "get") return;
    const disco = stanza.payload("query", NS.DISCO_INFO);
    const info = `<query xmlns="${NS.DISCO_INFO}"><feature var="${NS.AMP}"/></query>`;
    void this.s2s.links.send(stanza.result(disco === undefined ? "" : info), { proof: false });
  }

  received(stanza: Stanza, handled: () => void): void {
    if (stanza.name !== "iq") this.stanzas.push(stanza);
    this.handle(stanza, handled);
  }
}

/** Resolves when the condition holds. */
export async function until(condition: () => boolean, ms = 4000): Promise<void> {
  const deadline = Date.now() + ms;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`Cannot wait longer: ${condition}`);
    await sleep(5);
  }
}
