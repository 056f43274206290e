/** The TCP listeners for clients. @module */
import type { CertificatePem } from "../transport/tcp/tls_certificate.ts";
import type { TcpAccess } from "../transport/transports.ts";
import type { Log } from "../xmpp/log.ts";
import { adviseOnIssuer } from "./certificate_advice.ts";
import type { Config } from "./config.ts";
import { ListenError } from "./listen_error.ts";
import type { ServerCertificate } from "./server_certificate.ts";

export interface ListenOptions {
  /** The setting `c2s.host` unless given. */
  readonly host?: string;
  /** TCP with STARTTLS; the setting `c2s.port` unless given. 0: any free port, false: off. */
  readonly port?: number | false;
  /** TCP with direct TLS (XEP-0368); the setting `c2s.tls_port` unless given. 0: any free port, false: off. */
  readonly tlsPort?: number | false;
  /**
   * In PEM. Otherwise the files of `tls.cert` and `tls.key`, otherwise a self-signed one that is kept in `data_dir`.
   */
  readonly certificate?: CertificatePem;
}

/** The open ports; 0: that listener is off. */
export interface TcpPorts {
  readonly startTls: number;
  readonly tls: number;
}

export interface TcpEntranceParts {
  readonly config: Config;
  readonly tcp: TcpAccess;
  readonly certificate: ServerCertificate;
  readonly log: Log;
}

export class TcpEntrance {
  readonly #parts: TcpEntranceParts;

  constructor(parts: TcpEntranceParts) {
    this.#parts = parts;
    parts.certificate.onChange((certificate) => parts.tcp.useCertificate(certificate));
  }

  /** Rejects with CertificateError, ListenError. */
  async listen(options: ListenOptions): Promise<TcpPorts> {
    const { config, certificate, log } = this.#parts;
    const { c2s } = config;
    const { host = c2s.host, port = c2s.port || false, tlsPort = c2s.tlsPort || false } = options;
    if (port === false && tlsPort === false) return { startTls: 0, tls: 0 };
    const { cert } = await certificate.prepare(options.certificate);
    adviseOnIssuer(cert, host, log);
    return {
      startTls: port === false ? 0 : await this.#open(host, port, "starttls"),
      tls: tlsPort === false ? 0 : await this.#open(host, tlsPort, "tls"),
    };
  }

  async #open(host: string, port: number, mode: "starttls" | "tls"): Promise<number> {
    try {
      return (await this.#parts.tcp.listen({ host, port, mode })).port;
    } catch (error) {
      throw new ListenError("TCP", host, port, error);
    }
  }
}
