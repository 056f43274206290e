/** The arguments of `npm run bench`. @module */
import { join } from "node:path";

export interface Options {
  readonly quick: boolean;
  readonly help: boolean;
  /** Names of cases; empty: all. */
  readonly only: readonly string[];
  readonly json: string | undefined;
  /** The folder for pictures. */
  readonly out: string;
}

export class UsageError extends Error {}

export const PICTURES = "docs/performance";

/** `temporary`: where a quick run leaves its pictures. Throws UsageError. */
export function parseOptions(args: readonly string[], known: readonly string[], temporary: string): Options {
  let [quick, help] = [false, false];
  const values = new Map<string, string>();
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!;
    if (arg === "--quick") quick = true;
    else if (arg === "--help" || arg === "-h") help = true;
    else if (arg === "--only" || arg === "--json" || arg === "--out") values.set(arg, takeValue(arg, args[++at]));
    else throw new UsageError(`Cannot use ${arg}: there is no such option`);
  }
  const only = (values.get("--only") ?? "").split(",").filter((name) => name !== "");
  const unknown = only.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new UsageError(`Cannot run ${unknown}: expected some of ${known.join(", ")}`);
  const out = values.get("--out") ?? (quick ? join(temporary, "ampact-performance") : PICTURES);
  return { quick, help, only, json: values.get("--json"), out };
}

function takeValue(option: string, value: string | undefined): string {
  if (value === undefined || value.startsWith("--")) throw new UsageError(`Cannot use ${option}: its value is missing`);
  return value;
}
