/**
 * `npm run test:tools`: installs the Debian packages that the tests with real clients use, and reports the result.
 * Exits with 0 even when nothing could be installed: those tests are then skipped.
 * @module
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { TEST_TOOLS, type TestTool } from "./install_test_tools/test_tool.ts";

const APT = "/usr/bin/apt-get";
const UPDATE_LIMIT_MS = 60_000;
const INSTALL_LIMIT_MS = 3 * 60_000;

const tools: readonly TestTool[] = Object.values(TEST_TOOLS);
const missing = tools.filter((tool) => tool.find() === undefined);
for (const tool of tools) if (!missing.includes(tool)) console.log(`ok       ${tool.name}: ${tool.find()}`);
if (missing.length > 0) {
  const fault = obstacle() ?? install(missing.map((tool) => tool.debianPackage));
  for (const tool of missing) console.log(outcome(tool, fault));
}

/** Why nothing can be installed here. */
function obstacle(): string | undefined {
  if (!existsSync(APT)) return "there is no apt-get";
  if (process.getuid?.() !== 0) return "only root may install packages";
  return undefined;
}

/** Why it failed; undefined where it did not. */
function install(packages: readonly string[]): string | undefined {
  return (
    apt(["update"], UPDATE_LIMIT_MS) ??
    apt(["install", "--yes", "--no-install-recommends", ...packages], INSTALL_LIMIT_MS)
  );
}

function apt(args: readonly string[], limit: number): string | undefined {
  const { status, stderr, error } = spawnSync(APT, ["--quiet", ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    stdio: ["ignore", "ignore", "pipe"],
    timeout: limit,
    encoding: "utf8",
  });
  if (status === 0) return undefined;
  const reason = error?.message ?? (stderr.trim().split("\n").at(-1) || `exit code ${status}`);
  return `apt-get ${args[0]}: ${reason}`;
}

function outcome(tool: TestTool, fault: string | undefined): string {
  const path = tool.find();
  if (path !== undefined) return `added    ${tool.name}: ${path}`;
  return `missing  ${tool.name}: ${fault ?? `package ${tool.debianPackage} did not bring it`}`;
}
