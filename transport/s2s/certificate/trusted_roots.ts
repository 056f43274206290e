/** The authorities whose certificates are believed: those of the runtime, and those of the configuration. @module */
import { X509Certificate } from "node:crypto";

export class TrustedRoots {
  readonly #bySubject = new Map<string, X509Certificate[]>();

  /** Each text may hold several certificates in PEM. Throws when one cannot be read. */
  constructor(texts: readonly string[]) {
    for (const text of texts) for (const pem of certificatesIn(text)) this.#add(new X509Certificate(pem));
  }

  withSubject(subject: string): readonly X509Certificate[] {
    return this.#bySubject.get(subject) ?? [];
  }

  has(certificate: X509Certificate): boolean {
    return this.withSubject(certificate.subject).some((root) => root.raw.equals(certificate.raw));
  }

  get size(): number {
    return [...this.#bySubject.values()].reduce((sum, roots) => sum + roots.length, 0);
  }

  #add(root: X509Certificate): void {
    const known = this.#bySubject.get(root.subject);
    if (known === undefined) this.#bySubject.set(root.subject, [root]);
    else known.push(root);
  }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The certificates of a text in PEM, each as text. */
export function certificatesIn(text: string): readonly string[] {
  return text.match(CERTIFICATE) ?? [];
}
