/** The streams to and from other servers, from the configuration. @module */
import { readFile } from "node:fs/promises";
import { type Inbound, LinkError, type Links, type SendOptions } from "../destinations/federation/links.ts";
import { createLinks, type S2s } from "../transport/s2s/create_links.ts";
import { createNameResolver } from "../transport/s2s/name_resolver.ts";
import type { ProbeStep } from "../transport/s2s/probe_server.ts";
import type { S2sReport } from "../transport/s2s/server_links.ts";
import type { CertificatePem } from "../transport/tcp/tls_certificate.ts";
import type { Log } from "../xmpp/log.ts";
import type { Stanza } from "../xmpp/stanza.ts";
import { CertificateError } from "./certificate.ts";
import type { Config } from "./config.ts";
import { ListenError } from "./listen_error.ts";
import type { ServerCertificate } from "./server_certificate.ts";
import { s2sSettings } from "./server_settings.ts";

export interface S2sListenOptions {
  /** The setting `s2s.host` unless given. */
  readonly host?: string;
  /** With STARTTLS; the setting `s2s.port` unless given. 0: any free port, false: off. */
  readonly port?: number | false;
  /** With direct TLS (XEP-0368); the setting `s2s.tls_port` unless given. 0: any free port, false: off. */
  readonly tlsPort?: number | false;
  /** In PEM. Otherwise that of the listeners for clients. */
  readonly certificate?: CertificatePem;
}

/** The open ports for other servers; 0: that listener is off. */
export interface S2sPorts {
  readonly startTls: number;
  readonly tls: number;
}

export interface S2sEntranceParts {
  readonly config: Config;
  readonly certificate: ServerCertificate;
  readonly log: Log;
  readonly now: () => number;
  readonly newId: () => string;
  readonly schedule: (ms: number, task: () => void) => () => void;
  /** Of this server, the same after a restart. */
  readonly secret: () => Uint8Array;
}

/** What an application, and the command line, may know and do of the streams between servers. */
export interface S2sAccess {
  /** Streams, domains, and the last error of each; undefined before listenForServers(). */
  report(): S2sReport | undefined;
  /** Tries to reach the server of a domain, and tells each step. Rejects with LinkError, CertificateError. */
  probe(domain: string, onStep: (step: ProbeStep) => void): Promise<void>;
}

export class S2sEntrance implements Links, S2sAccess {
  readonly #parts: S2sEntranceParts;
  #inbound: Inbound | undefined;
  #s2s: S2s | undefined;

  constructor(parts: S2sEntranceParts) {
    this.#parts = parts;
    parts.certificate.onChange((certificate) => this.#s2s?.useCertificate(certificate));
  }

  /** Who takes what other servers send. */
  connect(inbound: Inbound): void {
    this.#inbound = inbound;
  }

  /** From here on stanzas go to other servers, and come from them. Rejects with CertificateError, ListenError. */
  async listen(options: S2sListenOptions): Promise<S2sPorts> {
    if (this.#inbound === undefined) throw new Error("Cannot listen for other servers: nothing takes their stanzas");
    const { s2s } = this.#parts.config;
    const { host = s2s.host, port = s2s.port || false, tlsPort = s2s.tlsPort || false } = options;
    const { listeners } = await this.#ready(options.certificate);
    const open = async (wanted: number | false, direct: boolean): Promise<number> => {
      if (wanted === false) return 0;
      return listeners.listen({ host, port: wanted, direct }).catch((error: unknown) => {
        throw new ListenError("TCP", host, wanted, error);
      });
    };
    return { startTls: await open(port, false), tls: await open(tlsPort, true) };
  }

  send(stanza: Stanza, options: SendOptions): Promise<void> {
    if (this.#s2s !== undefined) return this.#s2s.links.send(stanza, options);
    return Promise.reject(new LinkError("unreachable", "Cannot send: this server does not listen for other servers"));
  }

  async close(): Promise<void> {
    const s2s = this.#s2s;
    this.#s2s = undefined;
    s2s?.listeners.close();
    await s2s?.links.close();
  }

  report(): S2sReport | undefined {
    return this.#s2s?.links.report();
  }

  async probe(domain: string, onStep: (step: ProbeStep) => void): Promise<void> {
    const { links } = await this.#ready(undefined);
    await links.probe({ local: this.#parts.config.domains[0]!, remote: domain }, onStep);
  }

  async #ready(given: CertificatePem | undefined): Promise<S2s> {
    const { certificate } = this.#parts;
    const present = given === undefined ? await certificate.present() : await certificate.prepare(given);
    this.#s2s ??= await this.#create();
    this.#s2s.useCertificate(present);
    return this.#s2s;
  }

  async #create(): Promise<S2s> {
    const { config, secret, ...parts } = this.#parts;
    const s2s = createLinks({
      ...parts,
      settings: s2sSettings(config),
      inbound: { received: (stanza, handled) => this.#inbound?.received(stanza, handled) },
      resolver: createNameResolver(config.s2s.dns),
      secret: secret(),
    });
    if (config.s2s.ca !== undefined) s2s.trust(await readAuthorities(config.s2s.ca));
    return s2s;
  }
}

async function readAuthorities(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new CertificateError(`Cannot read s2s.ca ${path}: ${(error as Error).message}`, { cause: error });
  }
}
