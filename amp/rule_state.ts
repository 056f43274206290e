/** The state of a waiting message's rules, as one compact text in its row. @module */
import { Jid } from "../xmpp/jid.ts";
import { type Fired, nextDeadline } from "./evaluate.ts";
import { validateRule } from "./read.ts";
import type { Rule } from "./rule.ts";

export interface RuleState {
  readonly rules: readonly Rule[];
  readonly perHop: boolean;
  /** Indexes of the rules whose event went out. */
  readonly fired: Fired;
  /** The message was committed as stored: only time can still meet a rule (see evaluate.ts). */
  readonly settled: boolean;
  /** The original sender: a full JID where a client sent it, any where an application did. */
  readonly sender: Jid;
  /** The recipient as the sender wrote it, bare or full. */
  readonly recipient: Jid;
  /** The original id. */
  readonly id: string;
}

/** The deadline of the remaining rules, milliseconds since 1970. */
export function deadlineOf(rules: RuleState | undefined): number | undefined {
  return rules && nextDeadline(rules.rules, rules.fired);
}

const VERSION = 1;

/** `[version, [[condition, action, value], ...], [fired index, ...], sender, recipient, id, perHop, settled]` in JSON. */
export function encodeState(state: RuleState): string {
  const rules = state.rules.map((rule) => [rule.condition, rule.action, rule.value]);
  const fired = [...state.fired].sort((a, b) => a - b);
  const { sender, recipient, id, perHop, settled } = state;
  return JSON.stringify([VERSION, rules, fired, sender.toString(), recipient.toString(), id, +perHop, +settled]);
}

/** The state behind a text of `encodeState`, or undefined when the text is damaged or of another version. */
export function decodeState(text: string): RuleState | undefined {
  const parts = parseArray(text);
  if (parts?.length !== 8 || parts[0] !== VERSION) return undefined;
  const rules = readRules(parts[1]);
  const fired = rules && readFired(parts[2], rules.length);
  const sender = readJid(parts[3]);
  const recipient = readJid(parts[4]);
  const id = parts[5];
  const perHop = readFlag(parts[6]);
  const settled = readFlag(parts[7]);
  if (!fired || !sender || !recipient || typeof id !== "string" || id === "") return undefined;
  if (perHop === undefined || settled === undefined) return undefined;
  return { rules, perHop, fired, settled, sender, recipient, id };
}

function parseArray(text: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function readRules(value: unknown): readonly Rule[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const rules = value.map(readRule);
  return rules.every((rule) => rule !== undefined) ? rules : undefined;
}

function readRule(value: unknown): Rule | undefined {
  if (!Array.isArray(value) || value.length !== 3 || !value.every((part) => typeof part === "string")) return undefined;
  const [condition, action, text] = value as [string, string, string];
  const rule = validateRule({ condition, action, value: text });
  return typeof rule === "string" ? undefined : rule;
}

function readFired(value: unknown, count: number): Fired | undefined {
  const isIndex = (each: unknown) => Number.isInteger(each) && (each as number) >= 0 && (each as number) < count;
  return Array.isArray(value) && value.every(isIndex) ? new Set(value as number[]) : undefined;
}

function readJid(value: unknown): Jid | undefined {
  return typeof value === "string" ? Jid.tryParse(value) : undefined;
}

function readFlag(value: unknown): boolean | undefined {
  return value === 0 || value === 1 ? value === 1 : undefined;
}
