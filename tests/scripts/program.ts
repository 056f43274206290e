/** A program of this project as a process of its own. @module */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

export interface ProgramOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What it reads from standard input. */
  readonly input?: string;
}

const PATIENCE_MS = 10_000;

export class Program {
  readonly exitCode: Promise<number | null>;
  output = "";
  errors = "";
  readonly #child: ChildProcess;

  /** Only PATH and HOME are passed on: the environment must not configure what is tested. */
  constructor(command: string, args: readonly string[], { cwd, env = {}, input = "" }: ProgramOptions) {
    const { PATH = "", HOME = "" } = process.env;
    this.#child = spawn(command, args, { cwd, env: { PATH, HOME, ...env }, stdio: ["pipe", "pipe", "pipe"] });
    this.#child.stdin?.end(input);
    this.#child.stdout?.on("data", (chunk: Buffer) => {
      this.output += chunk.toString();
    });
    this.#child.stderr?.on("data", (chunk: Buffer) => {
      this.errors += chunk.toString();
    });
    this.exitCode = once(this.#child, "close").then(([code]) => code as number | null);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves when the output matches; rejects when the program ends before, or takes too long. */
  async prints(pattern: RegExp): Promise<RegExpMatchArray> {
    const deadline = Date.now() + PATIENCE_MS;
    let ended = false;
    this.exitCode.then(() => {
      ended = true;
    });
    for (;;) {
      const match = this.output.match(pattern);
      if (match !== null) return match;
      if (ended || Date.now() > deadline) throw new Error(`Cannot find ${pattern} in: ${this.output}${this.errors}`);
      await Bun.sleep(10);
    }
  }

  /** The first answer at a URL; rejects when the program ends before, or takes too long. */
  async answersAt(url: string): Promise<Response> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      try {
        return await fetch(url);
      } catch (error) {
        if (this.#child.exitCode !== null || Date.now() > deadline) {
          throw new Error(`Cannot reach ${url}: ${this.output}${this.errors}`, { cause: error });
        }
        await Bun.sleep(20);
      }
    }
  }
}
