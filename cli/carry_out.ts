/** Carries out a command by the running server if there is one, else on the store itself. @module */
import { type AmpactServer, createServer } from "../server/create_server.ts";
import { configureLog } from "../server/log.ts";
import { databaseFile } from "../store/sqlite_store.ts";
import { AccountError } from "./account_error.ts";
import type { ControlRequest } from "./command_line.ts";
import { configSources } from "./config_sources.ts";
import { askRunningServer } from "./control_socket.ts";
import { newDatabase } from "./new_database.ts";

/** Commands that make sense without a database; for others the folder or the user is most likely wrong. */
const MAKING = ["user add", "token add"];

/**
 * The lines to print. `command`: as it is typed. `complete`: makes the request out of the configuration. Throws AccountError,
 * ConfigError, StoreFault, and what the two throw.
 */
export async function carryOut<Request extends ControlRequest>(
  command: string,
  complete: (server: AmpactServer) => Promise<Request>,
  run: (server: AmpactServer, request: Request) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const server = createServer(configSources());
  await configureLog(server.config.log.level);
  const request = await complete(server);
  const answer = await askRunningServer(server.config.dataDir, request);
  if (answer !== undefined) return answer;
  if (databaseFile(server.config.store.url) === undefined) {
    throw new AccountError(`Cannot run ${command}: the store is in memory, and no server runs that has one`);
  }
  const made = newDatabase(server.config.store.url);
  if (made !== undefined && !MAKING.includes(command)) {
    throw new AccountError(`Cannot run ${command}: there is no database at ${made}`);
  }
  await server.start();
  try {
    if (made !== undefined) console.error(`Made a new database at ${made}`);
    return await run(server, request);
  } finally {
    await server.stop();
  }
}
