/** The table at the end. @module */
import { type Results, ratioOf } from "./result.ts";

/** One line for each figure; the first of a case names it, and what it is compared with. */
export function table(results: Results): string {
  const rows = [["case", "figure", "", "", "against"]];
  for (const [name, result] of Object.entries(results)) {
    for (const [at, { what, value, unit }] of result.figures.entries()) {
      const ratio = at === 0 ? ratioOf(name, results) : undefined;
      const against = ratio === undefined ? "" : `${ratio.toFixed(2)} x ${result.against}`;
      rows.push([at === 0 ? name : "", what, shown(value), unit, against]);
    }
  }
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => pad(cell, widths[column]!, column === 2))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Three digits that tell something. */
export function shown(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString("en-US");
  return value.toFixed(size >= 10 ? 1 : 2);
}

function pad(text: string, width: number, right: boolean): string {
  return right ? text.padStart(width) : text.padEnd(width);
}
