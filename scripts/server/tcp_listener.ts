/** The TCP listeners that the configuration asks for, and their certificate. @module */
import { ensureCertificate } from "../../server/certificate.ts";
import type { AmpactServer } from "../../server/create_server.ts";
import type { Log } from "../../xmpp/log.ts";
import { CertificateWatch } from "./certificate_watch.ts";
import { ListenError } from "./listen_error.ts";

/** 0: that listener is off. */
export interface TcpPorts {
  readonly startTls: number;
  readonly tls: number;
}

export interface TcpListener {
  readonly ports: TcpPorts;
  /** Undefined: no listener is on, and no certificate is needed. */
  readonly certificate: CertificateWatch | undefined;
}

/** Makes a certificate where none is configured and none is kept. Throws CertificateError, ListenError. */
export async function listenTcp({ config, tcp }: Pick<AmpactServer, "config" | "tcp">, log: Log): Promise<TcpListener> {
  const { c2s, tls, dataDir, domains } = config;
  if (c2s.port === 0 && c2s.tlsPort === 0) return { ports: { startTls: 0, tls: 0 }, certificate: undefined };
  const load = () => ensureCertificate({ certFile: tls.cert, keyFile: tls.key, dataDir, domains });
  const certificate = await load();
  tcp.useCertificate(certificate);
  const listen = async (port: number, mode: "starttls" | "tls"): Promise<number> => {
    if (port === 0) return 0;
    try {
      return (await tcp.listen({ host: c2s.host, port, mode })).port;
    } catch (error) {
      throw new ListenError("TCP", c2s.host, port, error);
    }
  };
  const ports = { startTls: await listen(c2s.port, "starttls"), tls: await listen(c2s.tlsPort, "tls") };
  return {
    ports,
    certificate: new CertificateWatch({ load, use: (found) => tcp.useCertificate(found), log }, certificate),
  };
}
