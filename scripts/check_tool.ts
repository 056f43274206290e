/** Runs the tools of node_modules/.bin under Bun, so that neither a global Bun nor Node is needed. @module */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";

export interface ToolResult {
  readonly ok: boolean;
  readonly output: string;
}

/** The Bun that runs this script, or the one that npm installed. */
export function bunBinary(): string {
  if (process.versions.bun !== undefined) return process.execPath;
  const installed = resolve("node_modules/.bin/bun");
  if (existsSync(installed)) return installed;
  throw new Error(`Cannot find bun: ${installed} does not exist, run npm install`);
}

/** Runs one tool of node_modules/.bin and gathers what it prints. */
export function runTool(tool: string, args: readonly string[]): Promise<ToolResult> {
  return runBun(["--bun", `node_modules/.bin/${tool}`, ...args]);
}

/** Runs Bun and gathers what it prints. */
export function runBun(args: readonly string[]): Promise<ToolResult> {
  return new Promise((done, fail) => {
    const child = spawn(bunBinary(), args, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const gather = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on("data", gather);
    child.stderr.on("data", gather);
    child.on("error", fail);
    child.on("close", (code) => done({ ok: code === 0, output: output.trimEnd() }));
  });
}
