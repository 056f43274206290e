/**
 * `npm run build`: the package as JavaScript with its declarations and source maps, file by file, in dist/. npm runs it
 * before it packs.
 * @module
 */
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runBun, runTool, type ToolResult } from "./check_tool.ts";

const OUT = "dist";
const WORKER = join(OUT, "store/sqlite/worker.js");
const WORKER_SOURCE = join(OUT, "store/sqlite/worker_source.js");
/** The compiler rewrites imports in JavaScript only. */
const DECLARED_IMPORT = /((?:from|import\()\s*"\.[^"]*)\.ts"/g;
const THREAD_URL = /(new URL\("\.[^"]*)\.ts"(?=, import\.meta\.url)/g;

/** Of a declaration file: as JavaScript, its neighbours end in .js. */
export function rewriteDeclaration(text: string): string {
  return text.replace(DECLARED_IMPORT, '$1.js"');
}

/** Of a JavaScript file: what it loads by a URL ends in .js, too. */
export function rewriteUrls(text: string): string {
  return text.replace(THREAD_URL, '$1.js"');
}

export async function build(): Promise<void> {
  await rm(OUT, { recursive: true, force: true });
  expectOk(await runTool("tsc", ["--project", "tsconfig.build.json"]));
  const files = (await readdir(OUT, { recursive: true })).map((name) => join(OUT, name));
  await rewrite(files, ".d.ts", rewriteDeclaration);
  await rewrite(files, ".js", rewriteUrls);
  const source = await bundledWorker();
  await writeFile(WORKER_SOURCE, `export const WORKER_SOURCE = ${JSON.stringify(source)};\n`);
}

async function rewrite(files: readonly string[], ending: string, change: (text: string) => string): Promise<void> {
  for (const file of files.filter((name) => name.endsWith(ending))) {
    const text = await readFile(file, "utf8");
    const changed = change(text);
    if (changed !== text) await writeFile(file, changed);
  }
}

/** For programs in one file, which have no files beside them. */
async function bundledWorker(): Promise<string> {
  const path = join(OUT, "worker.bundle.js");
  expectOk(await runBun(["build", WORKER, "--target=node", "--minify", `--outfile=${path}`]));
  const source = await readFile(path, "utf8");
  await rm(path);
  return source;
}

function expectOk({ ok, output }: ToolResult): void {
  if (!ok) throw new Error(`Cannot build the package: ${output}`);
}

if (import.meta.main) await build();
