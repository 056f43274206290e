/** The certificate of the TCP listeners; may be replaced while they run. @module */
import { createSecureContext, type SecureContext } from "node:tls";
import { endPointBinding } from "./channel_bindings.ts";

/**
 * RFC 9325 section 4.2: only forward secrecy and authenticated encryption. TLS 1.3 has no others, but node:tls needs
 * its names in the list.
 */
export const TLS_CIPHERS = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
].join(":");

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

  /** The channel binding tls-server-end-point of its connections. */
  get endPoint(): Uint8Array | undefined {
    return this.#endPoint;
  }

  /** For new connections. Throws when key and certificate cannot be used. */
  use({ cert, key }: CertificatePem): void {
    // RFC 7590 section 3.1, RFC 9325 section 3.1.1: nothing below TLS 1.2.
    this.#context = createSecureContext({ cert, key, minVersion: "TLSv1.2", ciphers: TLS_CIPHERS });
    this.#endPoint = endPointBinding(cert);
  }
}
