/** The smallest input that still fails: whole messages away first, then parts of each, in halving lengths. @module */
import type { Input } from "./kind.ts";

const MOST_TRIES = 400;

export async function shrinkInput(input: Input, fails: (input: Input) => Promise<boolean>): Promise<Input> {
  let smallest = input;
  let tries = 0;
  const attempt = async (next: Input): Promise<boolean> => {
    if (++tries > MOST_TRIES || !(await fails(next))) return false;
    smallest = next;
    return true;
  };
  for (let at = smallest.length - 1; at >= 0 && smallest.length > 1; at--) await attempt(smallest.toSpliced(at, 1));
  for (let at = 0; at < smallest.length; at++) {
    for (let size = Math.ceil(smallest[at]!.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      for (let start = 0; start < smallest[at]!.length && tries <= MOST_TRIES; ) {
        const text = smallest[at]!;
        const shorter = text.slice(0, start) + text.slice(start + size);
        if (!(await attempt(smallest.with(at, shorter)))) start += size;
      }
    }
  }
  return smallest;
}
