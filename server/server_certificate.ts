/** The certificate that the listeners for clients and for other servers share, kept up to date. @module */
import type { CertificatePem } from "../transport/tcp/tls_certificate.ts";
import type { Log } from "../xmpp/log.ts";
import { ensureCertificate } from "./certificate.ts";
import { adviseOnNames } from "./certificate_advice.ts";
import { CertificateWatch } from "./certificate_watch.ts";
import type { Config } from "./config.ts";

export interface ServerCertificateParts {
  readonly config: Pick<Config, "tls" | "dataDir" | "domains">;
  readonly log: Log;
}

export class ServerCertificate {
  readonly #parts: ServerCertificateParts;
  readonly #users: ((certificate: CertificatePem) => void)[] = [];
  /** Watches a certificate in files. */
  #watch: CertificateWatch | undefined;
  #current: CertificatePem | undefined;

  constructor(parts: ServerCertificateParts) {
    this.#parts = parts;
  }

  /** `use` gets each certificate for new connections; throws when it cannot be used. */
  onChange(use: (certificate: CertificatePem) => void): void {
    this.#users.push(use);
  }

  /** Returns the one in use: what is given, else that of the files. Rejects with CertificateError. */
  async prepare(given?: CertificatePem): Promise<CertificatePem> {
    if (given !== undefined) {
      await this.stop();
      this.#use(given);
      return given;
    }
    if (this.#watch !== undefined) return this.#watch.current;
    const { config, log } = this.#parts;
    const { tls, dataDir, domains } = config;
    const load = () => ensureCertificate({ certFile: tls.cert, keyFile: tls.key, dataDir, domains });
    const certificate = await load();
    this.#use(certificate);
    this.#watch = new CertificateWatch({ load, use: (found) => this.#use(found), log }, certificate);
    return certificate;
  }

  /** What is in use; that of the files when there is none yet. */
  async present(): Promise<CertificatePem> {
    return this.#current ?? (await this.prepare());
  }

  /** Resolves when the files of the certificate have been checked. */
  async check(): Promise<void> {
    await this.#watch?.checkAnew();
  }

  /** Watches no longer. */
  async stop(): Promise<void> {
    const watch = this.#watch;
    this.#watch = undefined;
    this.#current = undefined;
    await watch?.stop();
  }

  #use(certificate: CertificatePem): void {
    const { config, log } = this.#parts;
    for (const use of this.#users) use(certificate);
    this.#current = certificate;
    adviseOnNames(certificate.cert, config.domains, log);
  }
}
