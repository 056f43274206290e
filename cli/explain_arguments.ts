/** The arguments of `explain`: a message by its options. @module */
import type { OutgoingMessage, OutgoingRule } from "../server/outgoing_message.ts";
import { UsageError } from "./usage_error.ts";

/** A message in plain values, so that it can cross the control socket. */
export interface ExplainedMessage {
  readonly from?: string;
  readonly to: string;
  readonly type?: NonNullable<OutgoingMessage["type"]>;
  readonly body?: string;
  /** As they were typed: explain() names those at fault. */
  readonly rules?: readonly OutgoingRule[];
  /** Content as well-formed XML in `jabber:client`, instead of a body and rules. */
  readonly xml?: string;
}

export interface ExplainArguments {
  /** Undefined: as XML on standard input. */
  readonly message: ExplainedMessage | undefined;
  readonly json: boolean;
}

/** Ready to be carried out. */
export interface ExplainRequest {
  readonly kind: "explain";
  readonly message: ExplainedMessage;
  readonly json: boolean;
}

const TYPES = ["chat", "normal", "headline"] as const;
const OPTIONS = ["--to", "--from", "--type", "--body", "--rule"];

/** Throws UsageError. */
export function parseExplain(args: readonly string[]): ExplainArguments {
  const json = args.includes("--json");
  const given = readOptions(args.filter((argument) => argument !== "--json"));
  if (given.size === 0) return { message: undefined, json };
  const to = one(given, "--to");
  if (to === undefined)
    throw new UsageError("Cannot run explain: expected --to ADDRESS, or a message on standard input");
  const [from, body, type] = [one(given, "--from"), one(given, "--body"), typeOf(one(given, "--type"))];
  const rules = given.get("--rule")?.map(ruleOf);
  const message = {
    to,
    ...(from !== undefined && { from }),
    ...(type !== undefined && { type }),
    ...(body !== undefined && { body }),
    ...(rules !== undefined && { rules }),
  };
  return { message, json };
}

export function typeOf(text: string | undefined): ExplainedMessage["type"] {
  const type = TYPES.find((known) => known === text);
  if (text !== undefined && type === undefined)
    throw new UsageError(`Cannot run explain: the type is not one of ${TYPES.join(", ")}`);
  return type;
}

function readOptions(args: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const given = new Map<string, string[]>();
  for (let i = 0; i < args.length; i += 2) {
    const [option, value] = [args[i]!, args[i + 1]];
    if (!OPTIONS.includes(option)) throw new UsageError(`Cannot run explain: there is no option "${option}"`);
    if (value === undefined) throw new UsageError(`Cannot run explain: the value of ${option} is missing`);
    const values = given.get(option);
    if (values === undefined) given.set(option, [value]);
    else values.push(value);
  }
  return given;
}

function one(given: ReadonlyMap<string, readonly string[]>, option: string): string | undefined {
  const values = given.get(option);
  if (values !== undefined && values.length > 1) throw new UsageError(`Cannot run explain: ${option} is given twice`);
  return values?.[0];
}

/** `deliver=stored:notify`; the last colon counts, since times have colons too. */
function ruleOf(text: string): OutgoingRule {
  const [, condition, value, action] = /^([^=]+)=(.+):([^:]+)$/s.exec(text) ?? [];
  if (condition === undefined) throw new UsageError(`Cannot run explain: "${text}" is not CONDITION=VALUE:ACTION`);
  return { condition, value, action } as OutgoingRule;
}
