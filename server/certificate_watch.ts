/**
 * A certificate that is renewed while the server runs, by the administrator's tool or because a self-signed one grows old:
 * new connections get the new one. It is looked for now and then, and when somebody asks.
 * @module
 */
import { X509Certificate } from "node:crypto";
import type { Log } from "../xmpp/log.ts";
import type { Certificate } from "./certificate.ts";

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
  }

  /** The one in use. */
  get current(): Certificate {
    return this.#current;
  }

  /** Resolves when the certificate has been looked at. */
  check(): Promise<void> {
    this.#last = this.#last.then(() => this.#check());
    return this.#last;
  }

  /** The same for somebody who waits for it: a fault that was met before is said again. */
  checkAnew(): Promise<void> {
    this.#fault = "";
    return this.check();
  }

  stop(): Promise<void> {
    clearInterval(this.#timer);
    return this.#last;
  }

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
