/** The published package in a project of its own: its types need nothing but its dependencies, and those of the runtime. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

const ROOT = resolve(import.meta.dir, "../..");
const STRICT = {
  strict: true,
  // Declarations of dependencies may speak of the DOM, which a server has not.
  skipLibCheck: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  noImplicitOverride: true,
  noImplicitReturns: true,
  noUnusedLocals: true,
  noUnusedParameters: true,
  verbatimModuleSyntax: true,
  target: "ESNext",
  module: "ESNext",
  moduleResolution: "bundler",
  allowImportingTsExtensions: true,
  noEmit: true,
};
const SERVER = `
import { type AmpactServer, createServer, type Outcome } from "ampact";
export const server: AmpactServer = createServer({ store: "sqlite::memory:", domains: ["localhost"] });
export const outcome: Promise<Outcome> = server.send({ from: "localhost", to: "juliet@localhost", body: "Hi" });
`;
const CLIENT = `
import * as client from "ampact/client";
export const names: string[] = Object.keys(client);
`;

let project = "";

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), "ampact-package-"));
  execFileSync("npm", ["pack", "--silent", "--pack-destination", project], { cwd: ROOT });
  const [archive = ""] = readdirSync(project);
  const own = join(project, "node_modules/ampact");
  mkdirSync(own, { recursive: true });
  execFileSync("tar", ["xzf", join(project, archive), "-C", own, "--strip-components=1"]);
  const { dependencies } = JSON.parse(readFileSync(join(own, "package.json"), "utf8"));
  for (const name of [...Object.keys(dependencies), "@types/node", "undici-types"]) link(name);
}, 60_000);

afterAll(() => rmSync(project, { recursive: true }));

function link(name: string): void {
  const path = join(project, "node_modules", name);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(join(ROOT, "node_modules", name), path);
}

/** What the compiler finds wrong with a project of that one file. */
function faultsIn(name: string, source: string, options: { readonly types: string[]; readonly lib: string[] }): string {
  const folder = join(project, name);
  mkdirSync(folder);
  writeFileSync(join(folder, "main.ts"), source);
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: { ...STRICT, ...options } }));
  return spawnSync(join(ROOT, "node_modules/.bin/tsc"), ["-p", folder], { encoding: "utf8" }).stdout;
}

test("a server is built with the types of the runtime", () => {
  expect(faultsIn("server", SERVER, { types: ["node"], lib: ["ESNext"] })).toBe("");
}, 60_000);

test("a client in a browser is built with none", () => {
  expect(faultsIn("client", CLIENT, { types: [], lib: ["ESNext", "DOM"] })).toBe("");
}, 60_000);
