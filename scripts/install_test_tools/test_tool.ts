/** Programs of the system that tests with real clients drive, and whether they are here. @module */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

export interface TestTool {
  readonly name: string;
  /** Debian's package that brings it. */
  readonly debianPackage: string;
  /** Absolute path of its program; undefined where it is missing. */
  readonly find: () => string | undefined;
}

/** Debian's Python, which sees the packages of Debian; another one on the PATH does not. */
const DEBIAN_PYTHON = "/usr/bin/python3";

export const TEST_TOOLS = {
  chromium: program("chromium"),
  slixmpp: { name: "slixmpp", debianPackage: "python3-slixmpp", find: () => pythonWith("slixmpp") },
  node: program("node", "nodejs"),
  profanity: program("profanity"),
  tmux: program("tmux"),
  prosody: program("prosody"),
  ejabberd: program("ejabberdctl", "ejabberd"),
} satisfies Record<string, TestTool>;

/** What a test's name ends in where it has to be skipped; undefined where every tool is here. */
export function skipReason(...tools: readonly TestTool[]): string | undefined {
  const missing = tools.filter((tool) => tool.find() === undefined).map((tool) => tool.name);
  return missing.length === 0 ? undefined : `(skipped: ${missing.join(", ")} not installed, see npm run test:tools)`;
}

function program(name: string, debianPackage = name): TestTool {
  return { name, debianPackage, find: () => onPath(name) };
}

function onPath(name: string): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** Path of an interpreter that has the package. */
function pythonWith(name: string): string | undefined {
  if (!existsSync(DEBIAN_PYTHON)) return undefined;
  const code = `import importlib.util as u, sys; sys.exit(u.find_spec(${JSON.stringify(name)}) is None)`;
  return spawnSync(DEBIAN_PYTHON, ["-c", code]).status === 0 ? DEBIAN_PYTHON : undefined;
}
