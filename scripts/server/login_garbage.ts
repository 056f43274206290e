/**
 * The collector comes while many log in. A login leaves ten times as much behind as its session keeps. Where the collector comes
 * late, what is kept lies scattered among it, and the heap stays large; where it works beside a busy program, what is made
 * meanwhile counts as kept, too. docs/PERFORMANCE.md.
 * @module
 */
import process from "node:process";

/** In milliseconds: how often the sessions are counted. Some 30 log in meanwhile where everybody comes at once. */
const LOOK_MS = 20;
/** Fewer new sessions are not worth a collection. */
const FEW = 32;
/** Nor is it worth more than once for so large a part of all sessions: a collection takes longer the more there are. */
const PART = 1 / 32;

/** Says when a collection is due. */
export class LoginGarbage {
  #counted = 0;

  /** `sessions`: how many there are now. True where so many are new that a collection is due. */
  isDue(sessions: number): boolean {
    const isDue = sessions - this.#counted >= Math.max(FEW, sessions * PART);
    if (isDue || sessions < this.#counted) this.#counted = sessions;
    return isDue;
  }
}

/** Counts the sessions from now on, as long as the process runs. Does nothing where the engine offers no collection of what is new. */
export function collectAfterLogins(
  server: { readonly sessionCount: number },
  collect: (() => void) | undefined = youngCollection(),
): void {
  if (collect === undefined) return;
  const garbage = new LoginGarbage();
  const look = () => {
    if (garbage.isDue(server.sessionCount)) collect();
  };
  setInterval(look, LOOK_MS).unref();
}

/** A collection of what was made since the last one: some milliseconds. Undefined on Deno, whose engine moves what it keeps together. */
export function youngCollection(): (() => void) | undefined {
  const engine = process.getBuiltinModule("bun:jsc") as { edenGC(): number } | undefined;
  return engine && (() => void engine.edenGC());
}
