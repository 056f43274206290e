/** package.json and deno.json describe one thing: they must agree on version, licence, exports and tasks. @module */
import { readFile } from "node:fs/promises";

type Manifest = Readonly<Record<string, unknown>>;

const SHARED = ["version", "license", "exports"];

/** What the two say differently. */
export function compareManifests(npm: Manifest, deno: Manifest): string[] {
  const differing = SHARED.filter((key) => JSON.stringify(npm[key]) !== JSON.stringify(deno[key]));
  const scripts = Object.keys(npm.scripts ?? {}).join(", ");
  const tasks = Object.keys(deno.tasks ?? {}).join(", ");
  const problems = differing.map((key) => `package.json and deno.json differ in ${key}`);
  if (scripts !== tasks) problems.push(`scripts of package.json (${scripts}) and tasks of deno.json (${tasks}) differ`);
  return problems;
}

export async function checkManifests(): Promise<string[]> {
  const [npm, deno] = await Promise.all(["package.json", "deno.json"].map((path) => readFile(path, "utf8")));
  return compareManifests(JSON.parse(npm ?? ""), JSON.parse(deno ?? ""));
}
