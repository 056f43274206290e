/** Serves until it is told to stop. @module */
import { type AmpactServer, createServer } from "../../server/create_server.ts";
import { configureLog } from "../../server/log.ts";
import { banner } from "./banner.ts";
import { configSources } from "./config_sources.ts";
import { type ControlSocket, openControlSocket } from "./control_socket.ts";
import { type HttpListener, listenHttp } from "./http_listener.ts";
import { stopSignal } from "./stop_signal.ts";
import { runOnServer } from "./user_command.ts";

/** Longer than any orderly stop takes; what is left then is not worth waiting for. */
const STOP_LIMIT_MS = 10_000;

/** Resolves when the server was told to stop and has stopped. Throws ConfigError, StoreFault, ListenError. */
export async function serve(): Promise<void> {
  const stopped = stopSignal();
  const server = createServer(configSources());
  await configureLog(server.config.log.level);
  await server.start();
  const open: { stop(): Promise<void> }[] = [];
  try {
    const http = await listen(server, open);
    console.log(banner(server.config, http.port));
    console.log(`Stopping: ${await stopped}`);
    setTimeout(giveUp, STOP_LIMIT_MS).unref();
  } finally {
    await server.stop();
    await Promise.all(open.map((each) => each.stop()));
  }
}

/** What is open goes into `open` at once, so that it is closed again when the rest fails. */
async function listen(server: AmpactServer, open: { stop(): Promise<void> }[]): Promise<HttpListener> {
  const http = listenHttp(server, server.config.http);
  open.push(http);
  const control: ControlSocket | undefined = await openControlSocket(server.config.dataDir, (request) =>
    runOnServer(server, request),
  );
  if (control !== undefined) open.push(control);
  return http;
}

function giveUp(): void {
  console.error("Cannot stop in order: it takes too long");
  process.exit(1);
}
