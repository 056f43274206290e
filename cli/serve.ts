/** Serves until a signal to stop. @module */
import { type AmpactServer, createServer } from "../server/create_server.ts";
import { configureLog, recordFormat } from "../server/log.ts";
import { banner, type OpenPorts } from "./banner.ts";
import { configSources } from "./config_sources.ts";
import { openControlSocket } from "./control_socket.ts";
import { listenHttp } from "./http_listener.ts";
import { newDatabase } from "./new_database.ts";
import { rootApp } from "./root_app.ts";
import { runRequest } from "./run_request.ts";
import { stopSignal } from "./stop_signal.ts";

/** Longer than any orderly stop takes. */
const STOP_LIMIT_MS = 10_000;
interface Stoppable {
  stop(): Promise<void>;
}

/** Resolves when the server was told to stop and has stopped. Throws ConfigError, StoreFault, CertificateError, ListenError. */
export async function serve(): Promise<void> {
  const stopped = stopSignal();
  const server = createServer(configSources());
  await configureLog(server.config.log.level, undefined, recordFormat(server.config.log.format));
  const made = newDatabase(server.config.store.url);
  await server.start();
  const open: Stoppable[] = [];
  const onHangUp = () => server.checkCertificate();
  try {
    const ports = await listen(server, open);
    process.on("SIGHUP", onHangUp);
    console.log(banner(server.config, ports, made));
    console.log(`Stopping: ${await stopped}`);
    setTimeout(giveUp, STOP_LIMIT_MS).unref();
  } finally {
    process.off("SIGHUP", onHangUp);
    await server.stop();
    await Promise.all(open.map((each) => each.stop()));
  }
}

/** Each listener goes into `open` at once, so that it is closed when a later one fails. */
async function listen(server: AmpactServer, open: Stoppable[]): Promise<OpenPorts> {
  const { config } = server;
  const tcp = await server.listen();
  if (config.s2s.enabled) await server.listenForServers();
  const components = await server.listenForComponents();
  // Opened last: a client that waits for this port finds the others open.
  const http = listenHttp({ fetch: rootApp(server).fetch, websocket: server.websocket }, config.http);
  open.push(http);
  const control = await openControlSocket(config.dataDir, (request) => runRequest(server, request));
  if (control !== undefined) open.push(control);
  return { http: http.port, tcp, components };
}

function giveUp(): void {
  console.error("Cannot stop in order: it takes too long");
  process.exit(1);
}
