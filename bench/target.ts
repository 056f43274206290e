/** What is measured: the server, or the bare relay, as a child process on ports of its own. @module */

import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, type WriteStream } from "node:fs";
import { join } from "node:path";
import { freePort, isListening } from "../scripts/local_port.ts";
import type { Endpoint } from "./load/client_socket.ts";
import { type ProcessUsage, usageOf } from "./process_usage.ts";

export interface TargetOptions {
  readonly kind: "server" | "relay";
  /** Its data and its log. */
  readonly folder: string;
  readonly archive?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

const PROJECT = join(import.meta.dir, "..");
const SCRIPTS = { server: "scripts/server.ts", relay: "bench/relay.ts" };
const START_MS = 60_000;
const STOP_MS = 20_000;

export class Target {
  readonly websocket: Endpoint;
  readonly tcp: Endpoint;
  readonly #child: ChildProcess;
  readonly #log: WriteStream;

  private constructor(child: ChildProcess, log: WriteStream, ports: readonly [number, number]) {
    this.#child = child;
    this.#log = log;
    this.websocket = { transport: "ws", port: ports[0] };
    this.tcp = { transport: "tcp", port: ports[1] };
  }

  /** Resolves when it takes connections. Rejects where it ends before. */
  static async start(options: TargetOptions): Promise<Target> {
    const ports = [await freePort(), await freePort()] as const;
    const logPath = join(options.folder, `${options.kind}.log`);
    const log = createWriteStream(logPath, { flags: "a" });
    const child = spawn(process.execPath, [SCRIPTS[options.kind]], {
      cwd: PROJECT,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment(options, ports), ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout?.pipe(log, { end: false });
    child.stderr?.pipe(log, { end: false });
    const target = new Target(child, log, ports);
    const until = Date.now() + START_MS;
    while (!(await isListening(ports[0])) || !(await isListening(ports[1]))) {
      if (child.exitCode !== null || Date.now() > until)
        throw new Error(`Cannot start the ${options.kind}: see ${logPath}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return target;
  }

  usage(): ProcessUsage {
    return usageOf(this.#child.pid!);
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child.exitCode === null && child.signalCode === null) {
      const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
      await new Promise((resolve) => {
        child.once("exit", resolve);
        child.kill("SIGTERM");
      });
      clearTimeout(timer);
    }
    this.#log.end();
  }
}

function environment({ folder, archive = false }: TargetOptions, [http, tcp]: readonly [number, number]) {
  return {
    AMPACT_CONFIG: "/dev/null",
    AMPACT_DATA_DIR: folder,
    AMPACT_DOMAINS: "localhost",
    AMPACT_HTTP_PORT: String(http),
    AMPACT_C2S_PORT: String(tcp),
    AMPACT_C2S_TLS_PORT: "0",
    AMPACT_LIMITS_PROFILE: "bench",
    AMPACT_ARCHIVE_ENABLED: String(archive),
    AMPACT_LOG_LEVEL: "warn",
  };
}
