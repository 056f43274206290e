/** A kind of fuzzing: it makes random inputs and reports faults in their handling. @module */
import type { Random } from "../chaos/random.ts";

/** One input: a text, or the messages of a dialogue in their order. */
export type Input = readonly string[];

export interface Target {
  make(random: Random): Input;
  /** The fault; undefined when there is none. */
  play(input: Input): Promise<string | undefined>;
  close(): Promise<void>;
}

export interface Kind {
  readonly name: string;
  open(): Promise<Target>;
}
