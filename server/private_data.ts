/** Nobody else on the machine may read what the server keeps, whatever was there before it. @module */
import { join } from "node:path";
import { narrowDatabase, narrowFiles, narrowFolder } from "../store/sqlite/private_files.ts";
import { StoreFault } from "../store/store.ts";
import type { Log } from "../xmpp/log.ts";

const SCHEME = "sqlite:";

export interface PrivatePlaces {
  readonly dataDir: string;
  /** `sqlite:<file>` or `sqlite::memory:`. */
  readonly storeUrl: string;
  /** The key of the sealed secrets. */
  readonly keyFile: string;
}

/** Throws StoreFault where they belong to somebody else. */
export function makePrivate({ dataDir, storeUrl, keyFile }: PrivatePlaces, log: Log): void {
  const database = storeUrl.slice(SCHEME.length);
  try {
    const stored = database === ":memory:" ? [] : [...narrowDatabase(database), ...narrowFiles([keyFile])];
    const files = [...stored, ...narrowFiles([join(dataDir, "selfsigned-key.pem")])];
    for (const path of narrowFolder(dataDir) ? [dataDir, ...files] : files) {
      log.warn("others could read this; their rights are taken away", { path });
    }
  } catch (error) {
    const state = error instanceof Error ? error.message : String(error);
    throw new StoreFault("failed", `Cannot make the data private: ${state} (run this as the user that owns them)`, {
      cause: error,
    });
  }
}
