/** The tools of every case: a load process, servers in folders of their own, and counters of what they use. @module */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Answers, ChatCommand, LoginCommand } from "./load/commands.ts";
import { LoadProcess } from "./load_process.ts";
import { median } from "./result.ts";
import { Target, type TargetOptions } from "./target.ts";

/** Longer than the delay of a write that nobody awaits, so that it is counted too. */
const SETTLE_MS = 300;
export const PARALLEL_LOGINS = 64;

export interface Cost<T> {
  /** Of the server, for all that was done. */
  readonly processorUs: number;
  readonly answer: T;
}

export interface ChatCost {
  readonly usPerMessage: number;
  readonly messagesPerSecond: number;
}

export class Bench {
  readonly quick: boolean;
  readonly load = new LoadProcess();
  /** Tells what is under way. */
  readonly step: (text: string) => void;

  constructor(quick: boolean, step: (text: string) => void) {
    this.quick = quick;
    this.step = step;
  }

  /** Gives `work` an empty folder, which is removed afterwards. */
  async withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
    const folder = await mkdtemp(join(tmpdir(), "ampact-bench-"));
    try {
      return await work(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async withTarget<T>(options: TargetOptions, work: (target: Target) => Promise<T>): Promise<T> {
    const target = await Target.start(options);
    try {
      return await work(target);
    } finally {
      await target.stop();
    }
  }

  async login(command: Omit<LoginCommand, "kind" | "parallel" | "available"> & Partial<LoginCommand>) {
    return await this.load.ask({ kind: "login", parallel: PARALLEL_LOGINS, available: true, ...command });
  }

  leave(group: string): Promise<Answers["leave"]> {
    return this.load.ask({ kind: "leave", group });
  }

  /** What the target uses while `work` is done, and shortly after. */
  async cost<T>(target: Target, work: () => Promise<T>): Promise<Cost<T>> {
    const before = target.usage();
    const answer = await work();
    await sleep(SETTLE_MS);
    return { processorUs: target.usage().processorUs - before.processorUs, answer };
  }

  /** Warms up, then measures some rounds and takes the middle one. */
  async chat(target: Target, command: Omit<ChatCommand, "kind">, warmUp: number, rounds: number): Promise<ChatCost> {
    if (warmUp > 0) await this.load.ask({ kind: "chat", ...command, messages: warmUp });
    const costs: Cost<Answers["chat"]>[] = [];
    for (let round = 0; round < rounds; round++) {
      costs.push(await this.cost(target, () => this.load.ask({ kind: "chat", ...command })));
    }
    return {
      usPerMessage: median(costs.map(({ processorUs }) => processorUs / command.messages)),
      messagesPerSecond: median(costs.map(({ answer }) => command.messages / answer.seconds)),
    };
  }

  stop(): void {
    this.load.stop();
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
