/** The load process, as its parent sees it: a child, so that its work is not counted as the server's. @module */
import { join } from "node:path";
import type { Subprocess } from "bun";
import type { Answers, Command, Reply } from "./load/commands.ts";

interface Waiting {
  readonly resolve: (answer: never) => void;
  readonly reject: (error: Error) => void;
}

export class LoadProcess {
  readonly #child: Subprocess;
  readonly #waiting = new Map<number, Waiting>();
  #count = 0;

  constructor() {
    this.#child = Bun.spawn([process.execPath, join(import.meta.dir, "load/main.ts")], {
      stdio: ["ignore", "inherit", "inherit"],
      ipc: (reply: Reply) => this.#onReply(reply),
      onExit: () => this.#onExit(),
    });
  }

  /** Rejects where the command cannot be carried out: its figures would mean nothing. */
  ask<C extends Command>(command: C): Promise<Answers[C["kind"]]> {
    const number = ++this.#count;
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
      this.#child.send({ number, command });
    });
  }

  stop(): void {
    this.#child.kill();
  }

  #onReply(reply: Reply): void {
    const waiting = this.#waiting.get(reply.number);
    this.#waiting.delete(reply.number);
    if ("fault" in reply) waiting?.reject(new Error(reply.fault));
    else waiting?.resolve(reply.answer as never);
  }

  #onExit(): void {
    for (const { reject } of this.#waiting.values()) reject(new Error("Cannot go on: the load process has ended"));
    this.#waiting.clear();
  }
}
