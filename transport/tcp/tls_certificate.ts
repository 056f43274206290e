/** The certificate of the TCP listeners; may be replaced while they run. @module */
import { createSecureContext, type SecureContext } from "node:tls";
import { endPointBinding } from "./channel_bindings.ts";

export interface CertificatePem {
  /** The chain. */
  readonly cert: string;
  readonly key: string;
}

export class TlsCertificate {
  #context: SecureContext | undefined;
  #endPoint: Uint8Array | undefined;

  /** Undefined: there is none yet, and STARTTLS is not offered. */
  get context(): SecureContext | undefined {
    return this.#context;
  }

  /** The channel binding tls-server-end-point of connections made with it. */
  get endPoint(): Uint8Array | undefined {
    return this.#endPoint;
  }

  /** For connections from now on. Throws where key and certificate cannot be used. */
  use({ cert, key }: CertificatePem): void {
    // RFC 7590 section 3.1, RFC 9325 section 3.1.1: nothing below TLS 1.2.
    this.#context = createSecureContext({ cert, key, minVersion: "TLSv1.2" });
    this.#endPoint = endPointBinding(cert);
  }
}
