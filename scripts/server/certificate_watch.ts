/**
 * A certificate that is renewed while the server runs, by the administrator's tool or because a self-signed one grows old:
 * new connections get the new one. It is looked for now and then, and at SIGHUP at once.
 * @module
 */
import { X509Certificate } from "node:crypto";
import type { Certificate } from "../../server/certificate.ts";
import type { Log } from "../../xmpp/log.ts";

export interface CertificateSource {
  /** The certificate as it lies there now. Throws CertificateError. */
  load(): Promise<Certificate>;
  /** For new connections. Throws where it cannot be used. */
  use(certificate: Certificate): void;
  readonly log: Log;
}

const CHECK_MS = 30_000;

export class CertificateWatch {
  readonly #source: CertificateSource;
  readonly #timer: ReturnType<typeof setInterval>;
  #current: Certificate;
  /** Said once, however often it is met. */
  #fault = "";
  #last: Promise<void> = Promise.resolve();

  /** `current`: the one in use. */
  constructor(source: CertificateSource, current: Certificate, checkMs = CHECK_MS) {
    this.#source = source;
    this.#current = current;
    this.#timer = setInterval(() => this.check(), checkMs);
    process.on("SIGHUP", this.#onSignal);
  }

  /** Resolves when the certificate has been looked at. */
  check(): Promise<void> {
    this.#last = this.#last.then(() => this.#check());
    return this.#last;
  }

  stop(): Promise<void> {
    clearInterval(this.#timer);
    process.off("SIGHUP", this.#onSignal);
    return this.#last;
  }

  readonly #onSignal = (): void => {
    this.#fault = "";
    this.#source.log.info("certificate asked for", { signal: "SIGHUP" });
    this.check();
  };

  async #check(): Promise<void> {
    try {
      const found = await this.#source.load();
      this.#fault = "";
      if (found.cert === this.#current.cert && found.key === this.#current.key) return;
      this.#source.use(found);
      this.#current = found;
      const { subjectAltName, validTo } = new X509Certificate(found.cert);
      this.#source.log.info("certificate replaced", { names: subjectAltName, validTo });
    } catch (error) {
      this.#report(error);
    }
  }

  /** Certificate and key are seldom written at one moment: between the two the old ones go on. */
  #report(error: unknown): void {
    const fault = error instanceof Error ? error.message : String(error);
    if (fault === this.#fault) return;
    this.#fault = fault;
    this.#source.log.warn("certificate kept", { error: fault });
  }
}
