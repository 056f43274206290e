/**
 * Replaces a certificate that is renewed while the server runs, by the administrator's tool or because a self-signed
 * one expires. New connections get the new one. The files are checked twice a minute, and on demand.
 * @module
 */
import { X509Certificate } from "node:crypto";
import type { Log } from "../xmpp/log.ts";
import type { Certificate } from "./certificate.ts";

export interface CertificateSource {
  /** The present certificate. Throws CertificateError. */
  load(): Promise<Certificate>;
  /** For new connections. Throws when it cannot be used. */
  use(certificate: Certificate): void;
  readonly log: Log;
}

const CHECK_MS = 30_000;

export class CertificateWatch {
  readonly #source: CertificateSource;
  readonly #timer: ReturnType<typeof setInterval>;
  #current: Certificate;
  /** Logged once, however often it occurs. */
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

  /** Resolves when the certificate has been checked. */
  check(): Promise<void> {
    this.#last = this.#last.then(() => this.#check());
    return this.#last;
  }

  /** The same on demand: a known fault is reported again. */
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

  /** Certificate and key are rarely written at the same moment; until both fit, the old pair stays. */
  #report(error: unknown): void {
    const fault = error instanceof Error ? error.message : String(error);
    if (fault === this.#fault) return;
    this.#fault = fault;
    this.#source.log.warn("certificate kept", { error: fault });
  }
}
