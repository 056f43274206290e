/** The table of clauses, tests and states in docs/AMP.md. @module */
import { CLAUSES, type Clause, covers } from "./clauses.ts";
import type { NamedTest } from "./named_tests.ts";

/** Test names shown for one clause; the others are counted. */
const SHOWN = 3;

export function clauseTable(tests: readonly NamedTest[]): string {
  const rows = CLAUSES.map((clause) => clauseRow(clause, testsOf(clause, tests)));
  return ["| clause | demands | tests that name it | state |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

/** Clauses that no test names. */
export function unshownClauses(tests: readonly NamedTest[]): readonly string[] {
  return CLAUSES.filter((clause) => testsOf(clause, tests).every((test) => test.isSkipped)).map(({ number }) => number);
}

/** The closest first: those that name that very clause. */
function testsOf({ number }: Clause, tests: readonly NamedTest[]): readonly NamedTest[] {
  const exact = tests.filter((test) => test.clauses.includes(number));
  const wider = tests.filter((test) => !exact.includes(test) && test.clauses.some((named) => covers(named, number)));
  return [...exact, ...wider];
}

function clauseRow({ number, demand }: Clause, tests: readonly NamedTest[]): string {
  const names = tests.slice(0, SHOWN).map(({ file, name }) => `[${escaped(name)}](../${file})`);
  const more = tests.length > SHOWN ? [`and ${tests.length - SHOWN} more`] : [];
  const state = tests.length === 0 ? "not shown" : tests.every((test) => test.isSkipped) ? "skipped" : "shown";
  return `| ${number} | ${escaped(demand)} | ${[...names, ...more].join("<br>")} | ${state} |`;
}

function escaped(text: string): string {
  return text.replace(/[|[\]<>]/g, (sign) => `\\${sign}`);
}
