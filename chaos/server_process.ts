/** The real server as a child process: started, killed with SIGKILL, started again on the same port and store. @module */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { isListening } from "../scripts/local_port.ts";

export interface ServerProcessOptions {
  readonly folder: string;
  readonly httpPort: number;
  readonly tcpPort: number;
  /** The script, relative to the project. */
  readonly script: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A command that runs the one after it, such as `nice -n 5`. */
  readonly wrapper?: readonly string[];
}

const START_MS = 15_000;
const PROJECT = new URL("..", import.meta.url).pathname;

export class ServerProcess {
  readonly #options: ServerProcessOptions;
  #child: ChildProcess | undefined;

  constructor(options: ServerProcessOptions) {
    this.#options = options;
  }

  get logPath(): string {
    return join(this.#options.folder, "server.log");
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves when it accepts connections, with the milliseconds until then. Rejects when it ends first. */
  async start(): Promise<number> {
    const begun = performance.now();
    const child = this.#spawn();
    this.#child = child;
    while (performance.now() - begun < START_MS) {
      if (child.exitCode !== null || child.signalCode !== null) break;
      if (await isListening(this.#options.httpPort)) return performance.now() - begun;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`Cannot start the server: see ${this.logPath}`);
  }

  /** Resolves when the process has ended. */
  ended(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
    return new Promise((resolve) => child.once("exit", () => resolve()));
  }

  /** kill -9. Resolves when it is gone. */
  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  /** An orderly stop. */
  stop(): Promise<void> {
    return this.#end("SIGTERM");
  }

  #end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const ended = this.ended();
    this.#child?.kill(signal);
    return ended;
  }

  #spawn(): ChildProcess {
    const { folder, httpPort, tcpPort, script, env, wrapper = [] } = this.#options;
    const [command = "", ...args] = [...wrapper, process.execPath, script];
    // The process writes its log itself: a pipe would be read to its end only after the process is gone.
    const log = openSync(this.logPath, "a");
    const child = spawn(command, args, {
      cwd: PROJECT,
      env: { PATH: process.env.PATH, ...environment(folder, httpPort, tcpPort), ...env },
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    return child;
  }
}

/** Short times, so that a run reaches every deadline; no limits that many clients at one address would exceed. */
function environment(folder: string, httpPort: number, tcpPort: number): Record<string, string> {
  return {
    AMPACT_CONFIG: "/dev/null",
    AMPACT_DATA_DIR: folder,
    AMPACT_HTTP_PORT: String(httpPort),
    AMPACT_C2S_PORT: String(tcpPort),
    AMPACT_C2S_TLS_PORT: "0",
    AMPACT_LIMITS_PROFILE: "bench",
    AMPACT_LOG_LEVEL: "warn",
    AMPACT_LOG_FORMAT: "text",
    AMPACT_SM_RESUME_SECONDS: "3",
    AMPACT_PROBE_TIMEOUT_SECONDS: "2",
    AMPACT_PROBE_IDLE_SECONDS: "5",
    AMPACT_BOSH_INACTIVITY: "2",
    AMPACT_BOSH_WAIT_MAX: "5",
    AMPACT_BOSH_POLLING: "0",
  };
}
