#!/usr/bin/env node
/** The command `ampact`: its program needs Bun or Deno, and npm starts commands with Node. @module */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const PROGRAM = new URL("../dist/scripts/server.js", import.meta.url);
const SUFFIX = process.platform === "win32" ? ".exe" : "";
const RUNTIMES = [
  { name: "bun", args: [] },
  { name: "deno", args: ["run", "--allow-all", "--unstable-no-legacy-abort"] },
];
const NONE = `Cannot run ampact: it needs Bun or Deno, and neither is installed here.
Install one (npm install bun, https://bun.com or https://deno.com), then run the same command again.`;

/** What npm has installed, from here upwards, goes before what the system has. */
function folders() {
  const found = [];
  for (let folder = dirname(fileURLToPath(import.meta.url)); dirname(folder) !== folder; folder = dirname(folder)) {
    found.push(join(folder, "node_modules", ".bin"));
  }
  return [...found, ...(process.env.PATH ?? "").split(delimiter)];
}

function findRuntime() {
  for (const { name, args } of RUNTIMES) {
    for (const folder of folders()) {
      const path = join(folder, name + SUFFIX);
      if (folder !== "" && existsSync(path)) return { path, args };
    }
  }
  return undefined;
}

function run({ path, args }) {
  const child = spawn(path, [...args, fileURLToPath(PROGRAM), ...process.argv.slice(2)], { stdio: "inherit" });
  // A terminal sends SIGINT to both, and the program takes the two for one.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    console.error(`Cannot run ${path}: ${error.message}`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal];
  });
}

if (process.versions.bun !== undefined || process.versions.deno !== undefined) {
  await import(PROGRAM.href);
} else {
  const runtime = findRuntime();
  if (runtime !== undefined) run(runtime);
  else {
    console.error(NONE);
    process.exitCode = 1;
  }
}
