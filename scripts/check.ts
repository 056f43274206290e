/**
 * `npm run check`: the gate before a commit. One line per check, then its faults; exits with 1 if there are any.
 * @module
 */
import { existsSync } from "node:fs";
import { checkAmpDocs } from "./check_amp_docs.ts";
import { checkGlobals } from "./check_globals.ts";
import { checkManifests } from "./check_manifests.ts";
import { runTool } from "./check_tool.ts";
import { checkXeps } from "./check_xeps.ts";

interface Check {
  readonly name: string;
  /** Answers with what is wrong. */
  readonly run: () => Promise<readonly string[]>;
}

const CRUISED = [
  "mod.ts",
  "bun.ts",
  "deno.ts",
  "xmpp",
  "amp",
  "store",
  "modules",
  "actors",
  "transport",
  "server",
  "cli",
  "client",
  "testing",
  "scripts",
  "bench",
  "chaos",
  "fuzz",
  "tests",
  "examples",
];

const CHECKS: readonly Check[] = [
  { name: "format and lint", run: () => tool("biome", ["check", "--colors=off", "--error-on-warnings", "."]) },
  { name: "types", run: () => tool("tsc", ["--noEmit", "--project", "."]) },
  { name: "import table, no circles", run: () => tool("depcruise", ["--no-progress", ...CRUISED.filter(existsSync)]) },
  { name: "runtime globals", run: checkGlobals },
  { name: "docs/XEPS.md up to date", run: checkXeps },
  { name: "docs/AMP.md up to date", run: checkAmpDocs },
  { name: "package.json and deno.json agree", run: checkManifests },
];

async function tool(name: string, args: readonly string[]): Promise<string[]> {
  const { ok, output } = await runTool(name, args);
  return ok ? [] : [output];
}

async function problemsOf(check: Check): Promise<readonly string[]> {
  try {
    return await check.run();
  } catch (error) {
    return [String(error)];
  }
}

let failures = 0;
for (const check of CHECKS) {
  const start = performance.now();
  const problems = await problemsOf(check);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${problems.length === 0 ? "ok    " : "FAILED"} ${check.name} (${seconds} s)`);
  for (const problem of problems) console.log(problem);
  if (problems.length > 0) failures += 1;
}
process.exit(failures === 0 ? 0 : 1);
