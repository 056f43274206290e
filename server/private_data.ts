/** Makes the server's files unreadable for other users of the machine, whatever modes they had. @module */
import { join } from "node:path";
import { narrowDatabase, narrowFiles, narrowFolder } from "../store/sqlite/private_files.ts";
import { StoreFault } from "../store/store.ts";
import type { Log } from "../xmpp/log.ts";
import { SELF_SIGNED_KEY } from "./certificate.ts";

export interface PrivatePlaces {
  readonly dataDir: string;
  /** Undefined: it lives in memory. */
  readonly database: string | undefined;
  /** The key of the sealed secrets. */
  readonly keyFile: string;
}

/** Throws StoreFault when they belong to another user. */
export function makePrivate({ dataDir, database, keyFile }: PrivatePlaces, log: Log): void {
  try {
    const stored = database === undefined ? [] : [...narrowDatabase(database), ...narrowFiles([keyFile])];
    const files = [...stored, ...narrowFiles([join(dataDir, SELF_SIGNED_KEY)])];
    for (const path of narrowFolder(dataDir) ? [dataDir, ...files] : files) {
      log.warn("file mode restricted", { path });
    }
  } catch (error) {
    const state = error instanceof Error ? error.message : String(error);
    throw new StoreFault("failed", `Cannot make the data private: ${state} (run this as the user that owns them)`, {
      cause: error,
    });
  }
}
