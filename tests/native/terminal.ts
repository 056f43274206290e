/** A program in a terminal of its own (tmux): what is typed goes in, what is on the screen can be read. @module */
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";

const COLUMNS = "110";
const ROWS = "30";
const LIMIT_MS = 10_000;
const POLL_MS = 50;

export class Terminal {
  readonly #tmux: string;
  /** A server of tmux for this terminal alone. */
  readonly #socket: string;

  /** `folder` holds the socket of that server. */
  constructor(tmux: string, folder: string, program: readonly string[], env: Readonly<Record<string, string>>) {
    this.#tmux = tmux;
    this.#socket = join(folder, "tmux.sock");
    const variables = Object.entries(env).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
    this.#run("-f", "/dev/null", "new-session", "-d", "-x", COLUMNS, "-y", ROWS, ...variables, "--", ...program);
  }

  /** Types the text and presses Enter. */
  enter(text: string): void {
    this.#run("send-keys", "-l", "--", text);
    this.#run("send-keys", "Enter");
  }

  screen(): string {
    return this.#run("capture-pane", "-p");
  }

  /** Waits until the screen shows the text. */
  async shows(text: string): Promise<void> {
    const limit = performance.now() + LIMIT_MS;
    while (!this.screen().includes(text)) {
      if (performance.now() > limit) throw new Error(`Cannot see "${text}" on the screen:\n${this.screen()}`);
      await Bun.sleep(POLL_MS);
    }
  }

  close(): void {
    spawnSync(this.#tmux, ["-S", this.#socket, "kill-server"]);
  }

  #run(...args: readonly string[]): string {
    return execFileSync(this.#tmux, ["-S", this.#socket, ...args], { encoding: "utf8" });
  }
}
