/** Messages with rules, as promises of their outcome. @module */
import type { AmpReply, ReplyOutcome } from "./amp_reply.ts";
import type { AmpRule } from "./amp_rule.ts";

export type AmpOutcome =
  | ReplyOutcome
  /** Nothing was reported in time: no rule has been met so far, or the connection broke. */
  | { readonly kind: "timeout" };

/** The adapter that createAmp needs for an XMPP library. */
export interface AmpAdapter<Message> {
  /** The id and the recipient of a message; undefined when missing. */
  address(message: Message): { readonly id: string | undefined; readonly to: string | undefined };
  /** Sends a copy of the message with this id and these rules. */
  send(message: Message, id: string, rules: readonly AmpRule[]): unknown;
  /** Passes on every incoming reply; returns a function that stops it. */
  listen(receive: (reply: AmpReply) => void): () => void;
}

export interface AmpOptions {
  /** How long send() waits for a report unless told otherwise, milliseconds. */
  readonly timeoutMs?: number;
}

export interface SendOptions {
  readonly timeoutMs?: number;
}

export interface Amp<Message> {
  /**
   * Sends a message and resolves with the first thing that is reported about it. A message is reported on only when one
   * of its rules says so: with `deliver("direct", "notify")` and `deliver("stored", "notify")` there is always an answer.
   * Throws TypeError without a rule, and whatever the library throws where it cannot send.
   */
  send(message: Message, rules: readonly AmpRule[], options?: SendOptions): Promise<AmpOutcome>;
}

interface Waiting {
  readonly to: string | undefined;
  readonly settle: (outcome: AmpOutcome) => void;
}

const TIMEOUT_MS = 30_000;
const ID_BYTES = 12;

export function createAmp<Message>(adapter: AmpAdapter<Message>, options: AmpOptions = {}): Amp<Message> {
  const waiting = new Map<string, Waiting>();
  let stopListening: (() => void) | undefined;

  const receive = ({ id, from, outcome }: AmpReply): void => {
    const sent = waiting.get(id);
    if (sent !== undefined && mayReport(from, sent.to)) sent.settle(outcome);
  };
  // Added for each message, since a library may drop its listeners when it reconnects.
  const listen = (): void => {
    stopListening?.();
    stopListening = adapter.listen(receive);
  };
  const forget = (id: string): void => {
    waiting.delete(id);
    if (waiting.size > 0) return;
    stopListening?.();
    stopListening = undefined;
  };

  return {
    async send(message, rules, { timeoutMs = options.timeoutMs ?? TIMEOUT_MS } = {}) {
      if (rules.length === 0) throw new TypeError("Cannot send message: it has no rule");
      const { id = newId(), to } = adapter.address(message);
      if (waiting.has(id)) throw new TypeError(`Cannot send message: one with the id ${id} is under way`);
      let timer: ReturnType<typeof setTimeout> | undefined;
      const outcome = new Promise<AmpOutcome>((settle) => {
        waiting.set(id, { to, settle });
        timer = setTimeout(settle, timeoutMs, { kind: "timeout" });
      });
      try {
        listen();
        await adapter.send(message, id, rules);
        return await outcome;
      } finally {
        clearTimeout(timer);
        forget(id);
      }
    },
  };
}

/** Reports of the server and errors of the recipient count; those of a third party do not. */
function mayReport(from: string | undefined, to: string | undefined): boolean {
  if (from === undefined || !(from.includes("@") || from.includes("/"))) return true;
  return to !== undefined && bare(from) === bare(to);
}

function bare(jid: string): string {
  return (jid.split("/")[0] ?? jid).toLowerCase();
}

/** `crypto.randomUUID` is not there on pages without TLS. */
function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(ID_BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
