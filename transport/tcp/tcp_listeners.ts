/** The TCP listeners: STARTTLS and direct TLS, on both runtimes through node:net. @module */
import { type AddressInfo, createServer, type Server } from "node:net";
import { StreamError } from "../../xmpp/errors.ts";
import { isLoopback, UNKNOWN_ADDRESS } from "../client_address.ts";
import type { TransportContext } from "../transport_context.ts";
import { awaitProxyHeader } from "./await_proxy_header.ts";
import { type ClientSocket, TcpConnection } from "./tcp_connection.ts";
import { type CertificatePem, TlsCertificate } from "./tls_certificate.ts";

export interface TcpListenOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** `tls`: direct TLS (XEP-0368), which needs a certificate. */
  readonly mode: "starttls" | "tls";
}

export class TcpListeners {
  readonly #context: TransportContext;
  readonly #certificate = new TlsCertificate();
  readonly #servers: Server[] = [];

  constructor(context: TransportContext) {
    this.#context = context;
  }

  /** The certificate for new connections; may be replaced at any time. Throws when it cannot be used. */
  useCertificate(certificate: CertificatePem): void {
    this.#certificate.use(certificate);
  }

  /** Returns the port. Rejects when it cannot listen. */
  async listen({ host, port, mode }: TcpListenOptions): Promise<{ readonly host: string; readonly port: number }> {
    if (mode === "tls" && this.#certificate.context === undefined) {
      throw new Error("Cannot listen for TLS: there is no certificate");
    }
    const server = createServer((socket) => this.#onSocket(socket, mode));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, host, () => {
        server.off("error", reject);
        resolve();
      });
    });
    server.on("error", (error) => this.#context.services.log.error("listener failed", { host, port, error }));
    this.#servers.push(server);
    return { host, port: (server.address() as AddressInfo).port };
  }

  /** Accepts no more connections; those that are open stay. */
  close(): void {
    for (const server of this.#servers.splice(0)) server.close();
  }

  #onSocket(socket: ClientSocket, mode: TcpListenOptions["mode"]): void {
    const { services, trustsProxy } = this.#context;
    if (!services.settings.proxyProtocol || !trustsProxy(socket.remoteAddress ?? "")) return this.accept(socket, mode);
    awaitProxyHeader(socket, services, (address) => {
      this.accept(socket, mode, address);
      if (mode === "starttls") socket.resume();
    });
  }

  /** Serves a client on an existing connection. */
  accept(
    socket: ClientSocket,
    mode: TcpListenOptions["mode"],
    address = socket.remoteAddress ?? UNKNOWN_ADDRESS,
  ): void {
    const { connections } = this.#context;
    const admitted = connections.admits(address, isLoopback(address));
    // No error is sent: it would need a handshake, the most expensive step.
    if (!admitted && mode === "tls") return void socket.destroy();
    const connection = new TcpConnection(this.#context, socket, this.#certificate, address);
    connection.start(mode === "tls");
    if (!admitted) {
      const condition = connections.isOpen ? "policy-violation" : "system-shutdown";
      connection.refuse(new StreamError(condition, { text: "No more connections from this address" }));
    }
  }
}
