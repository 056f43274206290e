/** The runtime globals `Bun` and `Deno` belong to transport/, server/, cli/, scripts/, bench/, chaos/ and fuzz/; the rest runs on web APIs and node:. @module */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const PORTABLE = ["xmpp", "amp", "store", "modules", "actors", "client", "testing"];
const COMMENT_OR_STRING = /\/\/.*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g;
const RUNTIME_GLOBAL = /(?<![\w$.])(?:globalThis\??\.)?\b(Bun|Deno)\b(?!\s*:)/g;

export interface GlobalUse {
  readonly name: string;
  /** Counted from 1. */
  readonly line: number;
}

/** Uses of a runtime global in TypeScript source; comments and quoted strings do not count. */
export function runtimeGlobals(source: string): GlobalUse[] {
  const code = source.replace(COMMENT_OR_STRING, (text) => text.replace(/[^\n]/g, " "));
  return [...code.matchAll(RUNTIME_GLOBAL)].map((match) => ({
    name: match[1] ?? "",
    line: code.slice(0, match.index).split("\n").length,
  }));
}

/** `path:line: what is wrong`, one for each use in the folders that must be portable. */
export async function checkGlobals(): Promise<string[]> {
  const files = ["mod.ts", ...(await Promise.all(PORTABLE.map(sources))).flat()];
  const found = await Promise.all(files.map(usesIn));
  return found.flat();
}

async function sources(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true });
  return entries.filter((name) => name.endsWith(".ts")).map((name) => join(folder, name));
}

async function usesIn(path: string): Promise<string[]> {
  const source = await readFile(path, "utf8");
  return runtimeGlobals(source).map(({ name, line }) => `${path}:${line}: the global ${name} does not belong here`);
}
