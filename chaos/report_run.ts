/** The output of runs: one table, and for each violation the shortest history. @module */
import type { RunResult } from "./run.ts";
import { concerning, showHistory } from "./shortest_history.ts";

const COLUMNS = [
  "seed",
  "messages",
  "accepted",
  "received",
  "reports",
  "keys",
  "steps",
  "cuts",
  "freezes",
  "kills",
  "stops",
  "resumptions",
  "duplicates",
  "restart ms",
  "violations",
] as const;

const SHOWN_VIOLATIONS = 3;
const SHOWN_EVENTS = 80;

export function table(results: readonly RunResult[]): string {
  const rows = results.map(row);
  const all = rows.length > 1 ? [...rows, ["sum", ...sums(rows)]] : rows;
  const lines = [[...COLUMNS], ...all];
  const widths = COLUMNS.map((_, at) => Math.max(...lines.map((line) => line[at]!.length)));
  return lines.map((line) => line.map((cell, at) => cell.padStart(widths[at]!)).join("  ")).join("\n");
}

function row({ options, counts, startMs, ...result }: RunResult): string[] {
  const slowest = Math.round(Math.max(...startMs));
  return [
    options.seed,
    result.messages,
    result.accepted,
    result.received,
    result.reports,
    result.keys,
    result.steps,
    counts.cuts,
    counts.freezes,
    counts.kills,
    counts.stops,
    counts.resumptions,
    result.duplicates,
    slowest,
    result.violations.length,
  ].map(String);
}

/** The restart time is a maximum, everything else a sum. */
function sums(rows: readonly string[][]): string[] {
  return COLUMNS.slice(1).map((name, at) => {
    const values = rows.map((cells) => Number(cells[at + 1]));
    return String(name === "restart ms" ? Math.max(...values) : values.reduce((sum, value) => sum + value, 0));
  });
}

/** Of the present run: the number of each kind, and the first few with their events. */
export function violationReport({ options, violations, history }: RunResult): string {
  const kinds = new Map<string, number>();
  for (const { kind } of violations) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  const summary = [...kinds].map(([kind, count]) => `${count} ${kind}`).join(", ");
  const { seed, seconds, users, killEvery, servers = 1, fault } = options;
  const again = `bun scripts/chaos.ts --seed ${seed} --seconds ${seconds} --users ${users} --kill-every ${killEvery} --servers ${servers}`;
  const firsts = [...kinds.keys()].map((kind) => violations.find((violation) => violation.kind === kind)!);
  const shown = firsts
    .slice(0, SHOWN_VIOLATIONS)
    .flatMap((violation) => [
      `\n${violation.kind}: ${violation.text}`,
      ...(violation.messages.length > 0 ? showHistory(concerning(history, violation), SHOWN_EVENTS) : []),
    ]);
  return [
    `seed ${seed}: ${summary}`,
    `again: ${again}${fault === undefined ? "" : ` --fault ${fault}`}`,
    ...shown,
  ].join("\n");
}
