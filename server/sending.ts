/** Messages that the application sends, and how it learns what became of each. @module */
import { createHash } from "node:crypto";
import type { Explained } from "../actors/explain.ts";
import type { Outcome } from "../amp/outcome.ts";
import { type RuleLimits, readRequest } from "../amp/read.ts";
import type { QuotedRule } from "../amp/rule.ts";
import { type TimedStep, timelineOf } from "../outcomes/outcomes.ts";
import type { AsyncStore } from "../store/store.ts";
import { NS } from "../xmpp/ns.ts";
import type { Stanza } from "../xmpp/stanza.ts";
import { type Explanation, explanationOf } from "./explaining.ts";
import { buildMessage, type OutgoingMessage } from "./outgoing_message.ts";

export interface SendOptions {
  /**
   * Makes the sending idempotent, across restarts too: the same key stands for the same message, which is sent once. At most 256
   * characters.
   */
  readonly key?: string;
  /** What `await` waits for: the `first` outcome that holds (the default), or the one that `settled` the message. */
  readonly until?: "first" | "settled";
  /** Ends the waiting, not the message. */
  readonly signal?: AbortSignal;
  /** The same after so many milliseconds. */
  readonly timeoutMs?: number;
}

/** A message on its way: `await` it for an outcome, or go through its steps. */
export interface SentMessage extends Promise<Outcome> {
  /** Names the message and its timeline. */
  readonly id: string;
  /** What happens to it, from the beginning, until it is settled. Needs `outcomes.track` other than `none`. */
  readonly steps: AsyncIterable<TimedStep>;
}

/** The rules of a message are at fault: nothing was sent. */
export class RuleError extends Error {
  override readonly name = "RuleError";
  /** Every rule at fault. */
  readonly rules: readonly QuotedRule[];

  constructor(kind: string, rules: readonly QuotedRule[]) {
    const list = rules.map(({ condition, value, action }) => `${condition}=${value} (${action})`).join(", ");
    super(`Cannot send message: ${kind.replaceAll("-", " ")}${list === "" ? "" : `: ${list}`}`);
    this.rules = rules;
  }
}

/** The key stands for another message already. */
export class KeyError extends Error {
  override readonly name = "KeyError";
}

export interface SenderStart {
  readonly domain: string;
  readonly limits: RuleLimits;
  /** Messages of the application have a timeline. */
  readonly tracks: boolean;
  /** Opens the timeline of a message. A promise: nothing may be told of the message before. */
  readonly open: (stanza: Stanza, id: string) => undefined | Promise<unknown>;
  readonly database: () => Pick<AsyncStore, "openTimeline" | "timeline">;
  /** Sends it; tells the first outcome. */
  readonly submit: (
    stanza: Stanza,
    timeline: string | undefined,
    outcome: (outcome: Outcome) => void,
    failed: (error: Error) => void,
  ) => void;
  readonly explain: (stanza: Stanza) => Promise<Explained>;
  /** Resolves when steps were committed, or the signal is aborted. */
  readonly changed: (signal: AbortSignal | undefined) => Promise<void>;
  now(): number;
  newId(): string;
}

const MAX_KEY = 256;

export class Sender {
  readonly #start: SenderStart;
  /** Keys whose message is being sent by this process: another call with one of them only follows. */
  readonly #underWay = new Set<string>();

  constructor(start: SenderStart) {
    this.#start = start;
  }

  send(message: OutgoingMessage, options: SendOptions = {}): SentMessage {
    const { key } = options;
    const id = key === undefined ? this.#start.newId() : idOf(key);
    const outcome = this.#outcome(id, message, options);
    // Who looks at the steps alone need not wait for the outcome, too.
    outcome.catch(() => {});
    const steps = { [Symbol.asyncIterator]: () => this.#steps(id, outcome, options.signal) };
    return Object.assign(outcome, { id, steps });
  }

  /** What would become of it now, without sending it. Rejects as send(). */
  async explain(message: OutgoingMessage): Promise<Explanation> {
    const { domain, newId, now, limits, explain } = this.#start;
    const stanza = buildMessage(message, domain, newId);
    checkRules(stanza, limits, now());
    return explanationOf(await explain(stanza));
  }

  async #outcome(id: string, message: OutgoingMessage, options: SendOptions): Promise<Outcome> {
    const { domain, newId, now, limits } = this.#start;
    const stanza = buildMessage(
      { ...message, id: message.id ?? (options.key === undefined ? newId() : id) },
      domain,
      newId,
    );
    checkRules(stanza, limits, now());
    const { until = "first", signal, timeoutMs } = options;
    const waits = ending(signal, timeoutMs);
    try {
      const first = await this.#submitOnce(id, message, stanza, options.key, waits.signal);
      return await Promise.race([until === "first" ? first() : this.#settled(id, waits.signal), waits.over]);
    } finally {
      waits.clear();
    }
  }

  /** Returns how to wait for the first outcome. */
  async #submitOnce(
    id: string,
    message: OutgoingMessage,
    stanza: Stanza,
    key: string | undefined,
    signal: AbortSignal,
  ): Promise<() => Promise<Outcome>> {
    const { tracks, open, submit } = this.#start;
    if (key !== undefined) return this.#submitKeyed(id, key, digestOf(message, stanza), stanza, signal);
    const opened = tracks ? open(stanza, id) : undefined;
    if (opened !== undefined) await opened;
    const first = new Promise<Outcome>((resolve, reject) => submit(stanza, tracks ? id : undefined, resolve, reject));
    return () => first;
  }

  async #submitKeyed(
    id: string,
    key: string,
    digest: string,
    stanza: Stanza,
    signal: AbortSignal,
  ): Promise<() => Promise<Outcome>> {
    const { tracks, database, submit, now } = this.#start;
    if (!tracks) throw new KeyError("Cannot send message with a key: outcomes.track is none");
    if (key === "" || key.length > MAX_KEY)
      throw new KeyError(`Cannot send message: a key has 1 to ${MAX_KEY} characters`);
    const { from, to } = stanza;
    const known = await database().openTimeline({
      id,
      key,
      digest,
      stanza: stanza.id,
      from: from!.text,
      to: to!.text,
      at: now(),
    });
    if (known !== undefined && known.digest !== digest)
      throw new KeyError("Cannot send message: its key stands for another message");
    if (this.#underWay.has(key)) return () => this.#first(id, signal);
    // Where not even the first step was kept, the process had died before the message was accepted.
    if (known !== undefined && (await database().timeline(id))!.steps.length > 0) return () => this.#first(id, signal);
    if (this.#underWay.has(key)) return () => this.#first(id, signal);
    this.#underWay.add(key);
    const first = new Promise<Outcome>((resolve, reject) => submit(stanza, id, resolve, reject));
    const over = () => void this.#underWay.delete(key);
    void first.then(over, over);
    return () => first;
  }

  /** Of a message that was sent before: the first outcome that its timeline tells. */
  async #first(id: string, signal: AbortSignal): Promise<Outcome> {
    for await (const step of this.#steps(id, Promise.resolve(), signal)) {
      if (step.kind === "stored") return { kind: "stored" };
      if (step.kind === "settled") return step.outcome;
    }
    throw new Error("Cannot tell outcome: the timeline has ended without one");
  }

  async #settled(id: string, signal: AbortSignal): Promise<Outcome> {
    if (!this.#start.tracks) throw new Error("Cannot wait until settled: outcomes.track is none");
    for await (const step of this.#steps(id, Promise.resolve(), signal))
      if (step.kind === "settled") return step.outcome;
    throw new Error("Cannot tell outcome: the timeline has ended without one");
  }

  async *#steps(id: string, sent: Promise<unknown>, signal: AbortSignal | undefined): AsyncIterableIterator<TimedStep> {
    let failure: unknown;
    sent.catch((error) => {
      failure = error;
    });
    for (let seen = 0; signal?.aborted !== true; ) {
      const changed = this.#start.changed(signal);
      const kept = await this.#start.database().timeline(id);
      const steps = kept === undefined ? [] : timelineOf(kept).steps;
      for (const step of steps.slice(seen)) {
        yield step;
        if (step.kind === "settled") return;
      }
      seen = steps.length;
      if (failure !== undefined) throw failure;
      await Promise.race([
        changed,
        sent.then(
          () => changed,
          () => {},
        ),
      ]);
    }
  }
}

/** XEP-0079 section 2.2.1; throws RuleError. */
function checkRules(stanza: Stanza, limits: RuleLimits, now: number): void {
  const source = stanza.payloadText("amp", NS.AMP);
  if (source === undefined) return;
  const read = readRequest(source, limits, now);
  if (read.kind === "invalid") throw new RuleError(read.fault.kind, read.fault.rules);
}

/** The same for the same key. */
function idOf(key: string): string {
  return createHash("sha256").update(key).digest("base64url").slice(0, 22);
}

/** What has to be the same under one key; a generated id is not. */
function digestOf({ id }: OutgoingMessage, stanza: Stanza): string {
  const text = id === undefined ? stanza.write().replace(/ id="[^"]*"/, "") : stanza.write();
  return createHash("sha256").update(text).digest("base64url");
}

function ending(given: AbortSignal | undefined, timeoutMs: number | undefined) {
  const own = new AbortController();
  const abort = () => own.abort(given?.reason);
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => own.abort(new Error(`Cannot tell outcome within ${timeoutMs} ms`)), timeoutMs);
  given?.addEventListener("abort", abort, { once: true });
  if (given?.aborted) abort();
  const over = new Promise<never>((_, reject) => {
    if (own.signal.aborted) reject(own.signal.reason);
    own.signal.addEventListener("abort", () => reject(own.signal.reason), { once: true });
  });
  over.catch(() => {});
  const clear = () => {
    clearTimeout(timer);
    given?.removeEventListener("abort", abort);
    own.abort();
  };
  return { signal: own.signal, over, clear };
}
