/** A server that native clients reach: TCP with STARTTLS and direct TLS, a certificate of its own, free ports. @module */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureCertificate } from "../../server/certificate.ts";
import { type AmpactServer, createServer } from "../../server/create_server.ts";
import { SILENT_LOG } from "../../xmpp/log.ts";

export const DOMAIN = "localhost";
export const PASSWORD = "wherefore art thou";
const HOST = "127.0.0.1";

export interface NativeServer {
  readonly server: AmpactServer;
  readonly startTlsPort: number;
  readonly tlsPort: number;
  /** PEM, self-signed. */
  readonly certificate: string;
  /** Path of a file with the same. */
  readonly certificateFile: string;
  stop(): Promise<void>;
}

/** With accounts of these names at `localhost`. */
export async function startNativeServer(names: readonly string[]): Promise<NativeServer> {
  const dataDir = await mkdtemp(join(tmpdir(), "ampact-native-"));
  const server = createServer({ store: "sqlite::memory:", log: SILENT_LOG, dataDir });
  await server.start();
  for (const name of names) await server.accounts.add(`${name}@${DOMAIN}`, PASSWORD);
  const certificate = await ensureCertificate({ dataDir, domains: [DOMAIN] });
  server.tcp.useCertificate(certificate);
  const certificateFile = join(dataDir, "trusted.pem");
  await writeFile(certificateFile, certificate.cert);
  const startTls = await server.tcp.listen({ host: HOST, port: 0, mode: "starttls" });
  const tls = await server.tcp.listen({ host: HOST, port: 0, mode: "tls" });
  return {
    server,
    startTlsPort: startTls.port,
    tlsPort: tls.port,
    certificate: certificate.cert,
    certificateFile,
    async stop() {
      await server.stop();
      await rm(dataDir, { recursive: true });
    },
  };
}
