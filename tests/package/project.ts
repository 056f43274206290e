/** Projects of others, into which the packed package is installed. @module */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

export const ROOT = resolve(import.meta.dir, "../..");
export const BUN = process.execPath;
export const DENO = join(ROOT, "node_modules/.bin/deno");

const REGISTRY = process.env.npm_config_registry ?? "https://registry.npmjs.org/";
const REACH_MS = 5_000;

export interface Ran {
  readonly code: number | null;
  readonly output: string;
}

/** The end of a test's name where packages cannot be installed; undefined: they can. */
export async function withoutRegistry(): Promise<string | undefined> {
  try {
    await fetch(new URL("hono", REGISTRY), { method: "HEAD", signal: AbortSignal.timeout(REACH_MS) });
    return undefined;
  } catch {
    return `(skipped: ${REGISTRY} cannot be reached)`;
  }
}

/** Folders below a temporary one, and the package. */
export class Projects {
  readonly #folder = mkdtempSync(join(tmpdir(), "ampact-package-"));
  #archive = "";

  pack(): void {
    const { code, output } = this.#run(this.#folder, "npm", ["pack", ROOT, "--pack-destination", this.#folder]);
    const archive = readdirSync(this.#folder).find((name) => name.endsWith(".tgz"));
    if (code !== 0 || archive === undefined) throw new Error(`Cannot pack: ${output}`);
    this.#archive = join(this.#folder, archive);
  }

  get archive(): string {
    return this.#archive;
  }

  make(name: string, files: Readonly<Record<string, string>> = {}): Project {
    const folder = join(this.#folder, name);
    mkdirSync(folder);
    const project = new Project(folder, (command, args) => this.#run(folder, command, args));
    for (const [path, text] of Object.entries(files)) project.write(path, text);
    return project;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }

  #run(cwd: string, command: string, args: readonly string[]): Ran {
    const env = { ...process.env, NO_COLOR: "1" };
    const { status, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: "utf8" });
    return { code: status, output: `${stdout}${stderr}` };
  }
}

export class Project {
  readonly folder: string;
  readonly run: (command: string, args: readonly string[]) => Ran;

  constructor(folder: string, run: (command: string, args: readonly string[]) => Ran) {
    this.folder = folder;
    this.run = run;
  }

  /** Runs what must not fail. */
  must(command: string, ...args: readonly string[]): string {
    const { code, output } = this.run(command, args);
    if (code !== 0) throw new Error(`Cannot run ${command} ${args.join(" ")}: exit code ${code}\n${output}`);
    return output;
  }

  /** The same, while this process serves what the other one needs. */
  async mustMeanwhile(...command: readonly string[]): Promise<void> {
    const child = Bun.spawn([...command], { cwd: this.folder, stdout: "ignore", stderr: "pipe" });
    const said = await new Response(child.stderr).text();
    if ((await child.exited) !== 0) throw new Error(`Cannot run ${command.join(" ")}: ${said}`);
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.folder, path)), { recursive: true });
    writeFileSync(join(this.folder, path), text);
  }

  copyTo(path: string, from: string): void {
    cpSync(join(this.folder, from), path, { recursive: true });
  }
}
