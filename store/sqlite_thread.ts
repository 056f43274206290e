/**
 * Starts the worker thread of a SQLite store. Its file lies beside this one, unless this one was loaded from a server
 * (JSR, an import map) or is a part of a bundle.
 * @module
 */
import { existsSync } from "node:fs";
import { URL } from "node:url";
import { Worker } from "node:worker_threads";
import type { ConnectionOptions } from "./sqlite/connection.ts";
import { WORKER_SOURCE } from "./sqlite/worker_source.ts";
import { StoreFault } from "./store.ts";

/** Throws StoreFault where there is no program for the thread. */
export function startThread(workerData: ConnectionOptions): Worker {
  const own = new URL(import.meta.url);
  const file = new URL(`./sqlite/worker${own.pathname.endsWith(".ts") ? ".ts" : ".js"}`, own);
  if (file.protocol !== "file:") return new Worker(program(`import ${JSON.stringify(file.href)};`), { workerData });
  // Written out, so that bundlers that know of workers find the file.
  if (existsSync(file)) return new Worker(new URL("./sqlite/worker.ts", import.meta.url), { workerData });
  if (WORKER_SOURCE !== undefined) return new Worker(program(WORKER_SOURCE), { workerData });
  throw new StoreFault("failed", `Cannot start the store's thread: ${file.pathname} is missing`);
}

/** Of all that is not a file, Bun and Deno start a thread from this only. */
function program(source: string): URL {
  return new URL(`data:text/javascript,${encodeURIComponent(source)}`);
}
