/**
 * A server with an injected fault, to show that the harness detects it: CHAOS_FAULT names the fault. It is injected
 * from outside, in this process only; the product has no code for it.
 * @module
 */

import { listenHttp } from "../cli/http_listener.ts";
import { rootApp } from "../cli/root_app.ts";
import { stopSignal } from "../cli/stop_signal.ts";
import { createServer } from "../server/create_server.ts";
import { configureLog } from "../server/log.ts";
import { createSqliteStore } from "../store/sqlite_store.ts";
import type { Store } from "../store/store.ts";
import { EarlyAnswerStore } from "./early_answer_store.ts";
import { proveAtWrite, settleAtWrite } from "./early_proof.ts";
import { type Fault, isFault } from "./fault.ts";
import { SkippingStore, StepsFirstStore } from "./faulty_steps.ts";

const fault = process.env.CHAOS_FAULT;
if (!isFault(fault)) throw new Error(`Cannot inject ${fault}: there is no such fault`);

const path = `${process.env.AMPACT_DATA_DIR}/ampact.db`;
if (fault === "settle-at-write") settleAtWrite();
if (fault === "direct-at-write") proveAtWrite();

function storeWith(given: Fault): Store {
  if (given === "answer-before-commit") return new EarlyAnswerStore(path);
  const store = createSqliteStore(`sqlite:${path}`);
  if (given === "steps-before-commit") return new StepsFirstStore(store);
  return given === "cursor-skips" ? new SkippingStore(store) : store;
}

const stopped = stopSignal();
const server = createServer({
  env: process.env,
  store: storeWith(fault),
});
await configureLog(server.config.log.level);
await server.start();
const http = listenHttp({ fetch: rootApp(server).fetch, websocket: server.websocket }, server.config.http);
await stopped;
await server.stop();
await http.stop();
process.exit(0);
