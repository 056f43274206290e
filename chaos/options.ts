/** The arguments of `npm run chaos`. @module */
import type { RunOptions } from "./run.ts";

export interface ChaosOptions {
  /** One run each, one after the other. */
  readonly runs: readonly RunOptions[];
}

export const USAGE = `npm run chaos -- [options]
  --minutes N      length of one run, without the quiet at its end (default 1)
  --seconds N      the same in seconds
  --seed N         the first seed (default: by the clock)
  --seeds N        how many seeds, one after the other (default 1)
  --users N        accounts, each with one to three devices (default 16)
  --kill-every N   seconds between two kills, on average; 0: none (default 4)
  --servers N      1 or 2: two servers, joined by streams that break, with users at each (default 1)
  --fault NAME     one piece switched off: answer-before-commit, settle-at-write, direct-at-write,
                   steps-before-commit, cursor-skips
  --quick          10 users for 12 seconds`;

const NUMBERS = ["--minutes", "--seconds", "--seed", "--seeds", "--users", "--kill-every", "--servers"] as const;

/** Throws where an argument cannot be used; the message is for the user. */
export function readOptions(args: readonly string[], now: number): ChaosOptions {
  const numbers = new Map<string, number>();
  let quick = false;
  let fault: string | undefined;
  for (let at = 0; at < args.length; at++) {
    const name = args[at]!;
    if (name === "--quick") quick = true;
    else if (name === "--fault") fault = args[++at];
    else if (NUMBERS.some((known) => known === name)) numbers.set(name, readNumber(name, args[++at]));
    else throw new Error(`Cannot use ${name}: there is no such option\n${USAGE}`);
  }
  const seconds = numbers.get("--seconds") ?? (numbers.get("--minutes") ?? (quick ? 0.2 : 1)) * 60;
  const users = numbers.get("--users") ?? (quick ? 10 : 16);
  const seed = numbers.get("--seed") ?? now % 1_000_000;
  const killEvery = numbers.get("--kill-every") ?? (quick ? 2 : 4);
  const servers: 1 | 2 = (numbers.get("--servers") ?? 1) === 2 ? 2 : 1;
  const runs = Array.from({ length: numbers.get("--seeds") ?? 1 }, (_, at) => {
    return { seed: seed + at, seconds, users, killEvery, servers, fault };
  });
  return { runs };
}

function readNumber(name: string, text: string | undefined): number {
  const value = Number(text);
  if (text === undefined || text === "" || !(value >= 0)) throw new Error(`Cannot use ${name} ${text}: not a number`);
  return value;
}
