/**
 * `npm run fuzz -- --seed N --seconds S --only xml,stanza,grammar,sasl,bosh,config,http`: mutated and made-up input for every reader and for
 * a live server. `--seconds` is for all kinds together. Exit code 1 where an input fails; the smallest such is printed.
 * @module
 */
import { parseArgs } from "node:util";
import { KINDS } from "../fuzz/all_kinds.ts";
import { report, runKind } from "../fuzz/run.ts";

const SECONDS = "60";

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { seed: { type: "string" }, seconds: { type: "string", default: SECONDS }, only: { type: "string" } },
  });
  const seed = number("--seed", values.seed ?? String(Date.now() % 2 ** 32));
  const only = values.only?.split(",") ?? KINDS.map(({ name }) => name);
  const unknown = only.find((name) => !KINDS.some((kind) => kind.name === name));
  if (unknown !== undefined) throw new Error(`Cannot fuzz ${unknown}: no such kind`);
  const ms = (number("--seconds", values.seconds) * 1000) / only.length;
  let failures = 0;
  for (const kind of KINDS.filter(({ name }) => only.includes(name))) {
    const result = await runKind(kind, seed, ms);
    console.log(report(result));
    if (result.failure !== undefined) failures++;
  }
  return failures > 0 ? 1 : 0;
}

function number(option: string, text: string): number {
  const value = Number(text);
  if (!(value >= 0) || text === "") throw new Error(`Cannot read ${option}: ${text} is no number`);
  return value;
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(2);
  },
);
