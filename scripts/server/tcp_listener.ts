/** The TCP listeners that the configuration asks for, and their certificate. @module */
import { ensureCertificate } from "../../server/certificate.ts";
import type { AmpactServer } from "../../server/create_server.ts";
import { ListenError } from "./listen_error.ts";

/** 0: that listener is off. */
export interface TcpPorts {
  readonly startTls: number;
  readonly tls: number;
}

/** Makes a certificate where none is configured and none is kept. Throws CertificateError, ListenError. */
export async function listenTcp({ config, tcp }: Pick<AmpactServer, "config" | "tcp">): Promise<TcpPorts> {
  const { c2s, tls, dataDir, domains } = config;
  if (c2s.port === 0 && c2s.tlsPort === 0) return { startTls: 0, tls: 0 };
  tcp.useCertificate(await ensureCertificate({ certFile: tls.cert, keyFile: tls.key, dataDir, domains }));
  const listen = async (port: number, mode: "starttls" | "tls"): Promise<number> => {
    if (port === 0) return 0;
    try {
      return (await tcp.listen({ host: c2s.host, port, mode })).port;
    } catch (error) {
      throw new ListenError("TCP", c2s.host, port, error);
    }
  };
  return { startTls: await listen(c2s.port, "starttls"), tls: await listen(c2s.tlsPort, "tls") };
}
