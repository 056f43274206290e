/**
 * package.json and deno.json describe one thing: they must agree on version, licence, exports, tasks and dependencies. npm
 * gets what is built in dist/, JSR the sources.
 * @module
 */
import { readFile } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";

type Manifest = Readonly<Record<string, unknown>>;

const SHARED = ["version", "license"];
/** Scripts that npm runs by itself. */
const LIFECYCLE = ["prepack"];
const MANIFEST = "./package.json";

/** What the two say differently. */
export function compareManifests(npm: Manifest, deno: Manifest): string[] {
  const differing = SHARED.filter((key) => JSON.stringify(npm[key]) !== JSON.stringify(deno[key]));
  if (!isDeepStrictEqual(sourcesOf(npm.exports), deno.exports)) differing.push("exports");
  if (!isDeepStrictEqual(importsOf(npm), packagesIn(deno.imports))) differing.push("dependencies and imports");
  const scripts = Object.keys(npm.scripts ?? {})
    .filter((name) => !LIFECYCLE.includes(name))
    .join(", ");
  const tasks = Object.keys(deno.tasks ?? {}).join(", ");
  const problems = differing.map((key) => `package.json and deno.json differ in ${key}`);
  if (scripts !== tasks) problems.push(`scripts of package.json (${scripts}) and tasks of deno.json (${tasks}) differ`);
  return problems;
}

/** The sources from which the exports are built. */
function sourcesOf(exports: unknown): Record<string, string> {
  const built = Object.entries((exports ?? {}) as Record<string, string | { readonly default: string }>);
  return Object.fromEntries(
    built
      .filter(([name]) => name !== MANIFEST)
      .map(([name, target]) => [name, typeof target === "string" ? target : sourceOf(target.default)]),
  );
}

function sourceOf(path: string): string {
  return path.replace(/^\.\/dist\/(.*)\.js$/, "./$1.ts");
}

function importsOf({ dependencies, peerDependencies }: Manifest): Record<string, string> {
  const needed = Object.entries({ ...(dependencies ?? {}), ...(peerDependencies ?? {}) });
  return Object.fromEntries(needed.map(([name, version]) => [name, `npm:${name}@${version}`]));
}

/** Without the package itself, which examples import by its name. */
function packagesIn(imports: unknown): Record<string, string> {
  const given = Object.entries((imports ?? {}) as Record<string, string>);
  return Object.fromEntries(given.filter(([, target]) => target.startsWith("npm:")));
}

export async function checkManifests(): Promise<string[]> {
  const [npm, deno] = await Promise.all(["package.json", "deno.json"].map((path) => readFile(path, "utf8")));
  return compareManifests(JSON.parse(npm ?? ""), JSON.parse(deno ?? ""));
}
