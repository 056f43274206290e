/** Runs one kind for a while, and shrinks the first input that fails. @module */
import { Random } from "../chaos/random.ts";
import type { Input, Kind, Target } from "./kind.ts";
import { shrinkInput } from "./shrink.ts";

export interface Failure {
  readonly problem: string;
  readonly input: Input;
}

export interface FuzzResult {
  readonly kind: string;
  readonly seed: number;
  readonly inputs: number;
  readonly failure: Failure | undefined;
}

export async function runKind(kind: Kind, seed: number, ms: number): Promise<FuzzResult> {
  const random = new Random(seed);
  const target = await kind.open();
  const until = performance.now() + ms;
  let inputs = 0;
  try {
    while (performance.now() < until) {
      const input = target.make(random);
      inputs++;
      const problem = await problemOf(target, input);
      if (problem === undefined) continue;
      return { kind: kind.name, seed, inputs, failure: await smallest(target, input, problem) };
    }
    return { kind: kind.name, seed, inputs, failure: undefined };
  } finally {
    await target.close();
  }
}

/** An exception is a fault like any other: its input is reported. */
async function problemOf(target: Target, input: Input): Promise<string | undefined> {
  try {
    return await target.play(input);
  } catch (error) {
    return `an exception: ${error}`;
  }
}

async function smallest(target: Target, input: Input, problem: string): Promise<Failure> {
  let last = problem;
  const shortest = await shrinkInput(input, async (next) => {
    const found = await problemOf(target, next);
    if (found !== undefined) last = found;
    return found !== undefined;
  });
  return { problem: last, input: shortest };
}

export function report({ kind, seed, inputs, failure }: FuzzResult): string {
  const line = `${kind.padEnd(8)} ${inputs} inputs, seed ${seed}`;
  if (failure === undefined) return line;
  return `${line}: ${failure.problem}\n  smallest input: ${JSON.stringify(failure.input)}`;
}
