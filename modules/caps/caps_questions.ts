/**
 * Questions for the capabilities behind a hash: one at a time for the whole server, whose answer is told to every account that
 * waits for it. After a restart all clients come with hashes that nobody knows, to all contacts at once.
 * @module
 */
import type { MemoryKey, ServerContext } from "../module.ts";
import { isKnownHash } from "./caps_hash.ts";
import { type CapsName, keyOf } from "./learnt_caps.ts";

/** An account that wants to know. */
export interface Waiting {
  /** Bare JID. */
  readonly account: string;
  /** The hash is proved. */
  told(): void;
  /** It may have gone, or have lost its right to see the presence, since it was to be asked. */
  canAsk(): boolean;
  /** The client that was asked did not tell: this account asks its own. */
  ask(): void;
}

interface Question {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly waiting: Map<string, Waiting>;
}

/** A question that is out so long does not keep others from asking. */
const PATIENCE_MS = 10_000;
/** The oldest goes where there are too many: anybody can invent hashes. */
const MAX_QUESTIONS = 1000;
/** Of one question; who comes after that asks by itself. */
const MAX_WAITING = 1000;

const QUESTIONS: MemoryKey<Map<string, Question>> = { name: "caps questions", make: () => new Map() };

/** Whether the account may ask now. Otherwise a question is out, and `waiting` hears of its answer. */
export function mayAsk(name: CapsName, waiting: Waiting, context: ServerContext): boolean {
  // What nothing can prove speaks for one client alone.
  if (!isKnownHash(name.hash)) return true;
  const questions = context.serverMemory.get(QUESTIONS);
  const key = keyOf(name);
  const known = questions.get(key);
  const isOut = known !== undefined && context.now() - known.at < PATIENCE_MS;
  if (isOut && (known.waiting.has(waiting.account) || known.waiting.size < MAX_WAITING)) {
    known.waiting.set(waiting.account, waiting);
    return false;
  }
  if (known === undefined && questions.size >= MAX_QUESTIONS) questions.delete(questions.keys().next().value!);
  questions.set(key, { at: context.now(), waiting: known?.waiting ?? new Map() });
  return true;
}

/** An answer has come: all who wait are told where it proved the hash, else the next of them who can asks, and the others wait. */
export function questionAnswered(name: CapsName, isProved: boolean, context: ServerContext): void {
  const questions = context.serverMemory.get(QUESTIONS);
  const key = keyOf(name);
  const question = questions.get(key);
  if (question === undefined) return;
  questions.delete(key);
  const { waiting } = question;
  if (isProved) return waiting.forEach((each) => void each.told());
  const next = [...waiting.values()].find((each) => each.canAsk());
  if (next === undefined) return;
  waiting.delete(next.account);
  questions.set(key, { at: context.now(), waiting });
  next.ask();
}
