/**
 * docs/XEPS.md, made from the modules' own statements. Run as a script it compares; with `--write` it writes the file anew.
 * @module
 */
import { readFile, writeFile } from "node:fs/promises";

export interface XepStatement {
  readonly xep?: number;
  readonly rfc?: number;
  readonly title?: string;
  readonly version?: string;
  readonly status: "complete" | "partial";
  readonly note?: string;
}

export interface StatingModule {
  readonly name: string;
  readonly xeps: readonly XepStatement[];
}

const PATH = "docs/XEPS.md";

const HEAD = `# Protocols

Made by \`npm run xeps\` from the statements of the modules in \`modules/mod.ts\`; do not edit.

| Protocol | Title | Version | Status | Module | Note |
| --- | --- | --- | --- | --- | --- |
`;

/** The whole file: RFCs first, then XEPs, each by number. */
export function renderXeps(modules: readonly StatingModule[]): string {
  const rows = modules.flatMap((module) => module.xeps.map((xep) => ({ ...xep, module: module.name })));
  rows.sort((a, b) => Number(a.rfc === undefined) - Number(b.rfc === undefined) || numberOf(a) - numberOf(b));
  return HEAD + rows.map(renderRow).join("");
}

function numberOf({ rfc, xep }: XepStatement): number {
  return rfc ?? xep ?? 0;
}

function renderRow(row: XepStatement & { readonly module: string }): string {
  const cells = [link(row), row.title, row.version, row.status, `\`${row.module}\``, row.note];
  return `| ${cells.map((cell) => (cell ?? "").replaceAll("|", "\\|")).join(" | ")} |\n`;
}

function link({ rfc, xep }: XepStatement): string {
  if (rfc !== undefined) return `[RFC ${rfc}](https://www.rfc-editor.org/rfc/rfc${rfc})`;
  const number = String(xep).padStart(4, "0");
  return `[XEP-${number}](https://xmpp.org/extensions/xep-${number}.html)`;
}

async function rendered(): Promise<string> {
  const { modules } = await import("../modules/mod.ts");
  return renderXeps(modules);
}

/** What is wrong, if anything. */
export async function checkXeps(): Promise<string[]> {
  const written = await readFile(PATH, "utf8");
  return written === (await rendered()) ? [] : [`${PATH} does not say what modules/mod.ts says: run npm run xeps`];
}

if (import.meta.main) {
  if (process.argv.includes("--write")) await writeFile(PATH, await rendered());
  else for (const problem of await checkXeps()) console.log(problem);
}
