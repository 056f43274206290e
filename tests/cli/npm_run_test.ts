import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dir, "../..");
const PORTS = { AMPACT_HTTP_PORT: "0", AMPACT_C2S_PORT: "0", AMPACT_C2S_TLS_PORT: "0" };

let folder = "";
let child: ChildProcess | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ampact-npm-"));
});
afterEach(() => {
  endGroup(child?.pid);
  rmSync(folder, { recursive: true });
});

/** Also what npm has left behind. */
function endGroup(leader: number | undefined): void {
  try {
    if (leader !== undefined) process.kill(-leader, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

interface Running {
  /** To npm alone, or to all that runs in its terminal. */
  signal(signal: NodeJS.Signals, to: "npm" | "all"): void;
  readonly address: string;
  readonly ended: Promise<string>;
}

async function npmRunServer(): Promise<Running> {
  const { PATH = "", HOME = "" } = process.env;
  const env = { PATH, HOME, AMPACT_DATA_DIR: folder, ...PORTS };
  const npm = spawn("npm", ["run", "server"], { cwd: ROOT, env, detached: true, stdio: ["ignore", "pipe", "ignore"] });
  child = npm;
  let output = "";
  const { promise, resolve: started, reject } = Promise.withResolvers<string>();
  npm.stdout.on("data", (chunk) => {
    output += String(chunk);
    if (output.includes("--help")) started(/http:\/\/\S+/.exec(output)![0]);
  });
  const ended = once(npm, "close").then(([code]) => `${code} ${/Stopping: .*/.exec(output)?.[0]}`);
  ended.then(() => reject(new Error(`Cannot start server: ${output}`)));
  const address = await promise;
  const signal = (name: NodeJS.Signals, to: "npm" | "all") => process.kill(to === "npm" ? npm.pid! : -npm.pid!, name);
  return { signal, address, ended };
}

const isServing = (address: string) =>
  fetch(address).then(
    () => true,
    () => false,
  );

describe("npm run server", () => {
  test.each([
    ["SIGTERM", "npm"],
    ["SIGINT", "npm"],
    ["SIGINT", "all"],
  ] as const)("ends in order, and leaves nothing running: %s to %s", async (signal, to) => {
    const server = await npmRunServer();
    expect(await isServing(server.address)).toBe(true);
    server.signal(signal, to);
    expect(await server.ended).toBe(`0 Stopping: ${signal}`);
    expect(await isServing(server.address)).toBe(false);
  });
});
