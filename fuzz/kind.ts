/** What a kind of fuzzing is: it makes inputs from chance, and tells what is wrong with how one was taken. @module */
import type { Random } from "../chaos/random.ts";

/** One input: a text, or the messages of a dialogue in their order. */
export type Input = readonly string[];

export interface Target {
  make(random: Random): Input;
  /** What is wrong; undefined where all is well. */
  play(input: Input): Promise<string | undefined>;
  close(): Promise<void>;
}

export interface Kind {
  readonly name: string;
  open(): Promise<Target>;
}
