/**
 * Disco queries for the capabilities behind a hash. The server sends one query at a time for each hash and tells the
 * answer to every account that waits for it. After a restart all clients send hashes that the server does not know yet,
 * to all contacts at once.
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
  /** The client may have gone, or lost its right to see the presence, meanwhile. */
  canAsk(): boolean;
  /** The queried client did not answer: this account queries its own contact. */
  ask(): void;
}

interface Question {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly waiting: Map<string, Waiting>;
}

/** After this time an unanswered query no longer blocks others. */
const PATIENCE_MS = 10_000;
/** When there are too many, the oldest is dropped: anybody can invent hashes. */
const MAX_QUESTIONS = 1000;
/** Accounts that wait for one query; later ones query by themselves. */
const MAX_WAITING = 1000;

const QUESTIONS: MemoryKey<Map<string, Question>> = { name: "caps questions", make: () => new Map() };

/** Whether the account may query now. Otherwise a query is out, and `waiting` gets its answer. */
export function mayAsk(name: CapsName, waiting: Waiting, context: ServerContext): boolean {
  // An answer that no hash proves counts for its client alone.
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

/**
 * An answer has come. If it proves the hash, all waiting accounts are told; otherwise the next account that can
 * queries, and the others keep waiting.
 */
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
