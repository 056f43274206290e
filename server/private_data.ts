/** Nobody else on the machine may read what the server keeps, whatever was there before it. @module */
import { narrowDatabase, narrowFolder } from "../store/sqlite/private_files.ts";
import { StoreFault } from "../store/store.ts";
import type { Log } from "../xmpp/log.ts";

const SCHEME = "sqlite:";

/** Throws StoreFault where they belong to somebody else. */
export function makePrivate(dataDir: string, storeUrl: string, log: Log): void {
  const database = storeUrl.slice(SCHEME.length);
  try {
    const files = database === ":memory:" ? [] : narrowDatabase(database);
    for (const path of narrowFolder(dataDir) ? [dataDir, ...files] : files) {
      log.warn("others could read this; their rights are taken away", { path });
    }
  } catch (error) {
    const state = error instanceof Error ? error.message : String(error);
    throw new StoreFault("failed", `Cannot take others' rights to the data away: ${state}`, { cause: error });
  }
}
