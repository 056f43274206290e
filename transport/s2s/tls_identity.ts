/** What this server shows of itself in TLS, in both roles, and the handshakes with it. @module */
import { X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import { isIP } from "node:net";
import { connect, createSecureContext, createServer, type SecureContext, type Server, type TLSSocket } from "node:tls";
import { type CertificatePem, TLS_CIPHERS } from "../tcp/tls_certificate.ts";

/** XEP-0368. */
const ALPN = "xmpp-server";

export type Handshake = (socket: TLSSocket) => void;

export class TlsIdentity {
  #context: SecureContext | undefined;
  #server: Server | undefined;
  /** Handshakes with peers that have connected, by socketKey(). */
  readonly #handshakes = new Map<string, Handshake>();

  /** For new connections. Throws when key and certificate cannot be used. */
  use({ cert, key }: CertificatePem): void {
    const options = { cert, key, minVersion: "TLSv1.2" as const, ciphers: TLS_CIPHERS };
    this.#context = createSecureContext(options);
    this.#server = this.#createServer(options);
  }

  get isReady(): boolean {
    return this.#context !== undefined;
  }

  /**
   * In the role of the server: `done` gets the socket when the handshake is over. When it fails, `socket` closes. Only a tls.Server judges a
   * client's certificate on both runtimes; it need not listen.
   */
  accept(socket: Socket, done: Handshake): void {
    const key = socketKey(socket);
    this.#handshakes.set(key, done);
    socket.once("close", () => this.#handshakes.delete(key));
    this.#server!.emit("connection", socket);
  }

  /** In the role of the client; `domain` is the one that is looked for (SNI). */
  connect(socket: Socket, domain: string, direct: boolean, done: Handshake): TLSSocket {
    const tls = connect({
      socket,
      secureContext: this.#context!,
      // The certificate is judged by judgeChain().
      rejectUnauthorized: false,
      ...(isIP(domain) === 0 && !domain.startsWith("[") && { servername: domain }),
      ...(direct && { ALPNProtocols: [ALPN] }),
    });
    tls.once("secureConnect", () => done(tls));
    return tls;
  }

  #createServer(options: CertificatePem): Server {
    const server = createServer(
      { ...options, requestCert: true, rejectUnauthorized: false, ALPNProtocols: [ALPN] },
      (socket) => {
        const key = socketKey(socket);
        const done = this.#handshakes.get(key);
        this.#handshakes.delete(key);
        if (done === undefined) socket.destroy();
        else done(socket);
      },
    );
    // The socket closes; who waits for it learns it from there.
    server.on("tlsClientError", (_, socket) => socket.destroy());
    return server;
  }
}

/** The same for a socket and for the TLS on top of it. */
function socketKey({ remoteAddress, remotePort, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localPort}`;
}

interface PeerCertificate {
  readonly raw?: Uint8Array;
  readonly issuerCertificate?: PeerCertificate;
}

const MAX_CERTIFICATES = 10;

/** The peer's chain, its own certificate first; empty when it has shown none. */
export function peerChain(socket: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let next = socket.getPeerCertificate(true) as PeerCertificate | undefined;
  while (next?.raw !== undefined && chain.length < MAX_CERTIFICATES) {
    const certificate = new X509Certificate(next.raw);
    // A self-signed certificate is its own issuer.
    if (chain.some(({ raw }) => raw.equals(certificate.raw))) break;
    chain.push(certificate);
    next = next.issuerCertificate;
  }
  return chain;
}
