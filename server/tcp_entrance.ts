/** The TCP listeners for clients, and the certificate that they share. @module */
import type { CertificatePem } from "../transport/tcp/tls_certificate.ts";
import type { TcpAccess } from "../transport/transports.ts";
import type { Log } from "../xmpp/log.ts";
import { ensureCertificate } from "./certificate.ts";
import { adviseOnIssuer, adviseOnNames } from "./certificate_advice.ts";
import { CertificateWatch } from "./certificate_watch.ts";
import type { Config } from "./config.ts";
import { ListenError } from "./listen_error.ts";

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
  readonly log: Log;
}

export class TcpEntrance {
  readonly #parts: TcpEntranceParts;
  /** Watches a certificate in files. */
  #watch: CertificateWatch | undefined;

  constructor(parts: TcpEntranceParts) {
    this.#parts = parts;
  }

  /** Rejects with CertificateError, ListenError. */
  async listen(options: ListenOptions): Promise<TcpPorts> {
    const { c2s } = this.#parts.config;
    const { host = c2s.host, port = c2s.port || false, tlsPort = c2s.tlsPort || false } = options;
    if (port === false && tlsPort === false) return { startTls: 0, tls: 0 };
    const { cert } = await this.#prepareCertificate(options.certificate);
    adviseOnIssuer(cert, host, this.#parts.log);
    return {
      startTls: port === false ? 0 : await this.#open(host, port, "starttls"),
      tls: tlsPort === false ? 0 : await this.#open(host, tlsPort, "tls"),
    };
  }

  /** Resolves when the files of the certificate have been checked. */
  async checkCertificate(): Promise<void> {
    await this.#watch?.checkAnew();
  }

  /** Listeners are closed with the other transports. */
  async stop(): Promise<void> {
    const watch = this.#watch;
    this.#watch = undefined;
    await watch?.stop();
  }

  /** Returns the one in use. */
  async #prepareCertificate(given: CertificatePem | undefined): Promise<CertificatePem> {
    const { config, log } = this.#parts;
    if (given !== undefined) {
      await this.stop();
      this.#use(given);
      return given;
    }
    if (this.#watch !== undefined) return this.#watch.current;
    const { tls, dataDir, domains } = config;
    const load = () => ensureCertificate({ certFile: tls.cert, keyFile: tls.key, dataDir, domains });
    const certificate = await load();
    this.#use(certificate);
    this.#watch = new CertificateWatch({ load, use: (found) => this.#use(found), log }, certificate);
    return certificate;
  }

  #use(certificate: CertificatePem): void {
    const { config, tcp, log } = this.#parts;
    tcp.useCertificate(certificate);
    adviseOnNames(certificate.cert, config.domains, log);
  }

  async #open(host: string, port: number, mode: "starttls" | "tls"): Promise<number> {
    try {
      return (await this.#parts.tcp.listen({ host, port, mode })).port;
    } catch (error) {
      throw new ListenError("TCP", host, port, error);
    }
  }
}
