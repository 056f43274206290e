/**
 * docs/AMP.md: generates its examples from the server's answers and its table from the tests' names. Run as a script it
 * compares; with `--write` it writes both.
 * @module
 */
import { readFile, writeFile } from "node:fs/promises";
import { clauseTable, unshownClauses } from "./amp_docs/clause_table.ts";
import { playExamples } from "./amp_docs/examples.ts";
import { readNamedTests } from "./amp_docs/named_tests.ts";

const PATH = "docs/AMP.md";

/** The page with its generated parts replaced. Throws when a mark is missing. */
async function rendered(page: string): Promise<string> {
  const withExamples = replacePart(page, "examples", await playExamples());
  return replacePart(withExamples, "clauses", clauseTable(await readNamedTests()));
}

/** What stands between `<!-- name -->` and `<!-- /name -->`. */
export function replacePart(page: string, name: string, content: string): string {
  const [start, end] = [`<!-- ${name} -->\n`, `\n<!-- /${name} -->`];
  const from = page.indexOf(start);
  const to = page.indexOf(end, from);
  if (from < 0 || to < 0) throw new Error(`Cannot write ${PATH}: it has no marks for ${name}`);
  return `${page.slice(0, from + start.length)}\n${content}\n${page.slice(to)}`;
}

/** What is wrong, if anything. */
export async function checkAmpDocs(): Promise<string[]> {
  const page = await readFile(PATH, "utf8");
  const problems = (await unshown()).map((number) => `No test names clause ${number} of XEP-0079`);
  if (page !== (await rendered(page))) problems.push(`${PATH} is out of date: run npm run amp-docs`);
  return problems;
}

async function unshown(): Promise<readonly string[]> {
  return unshownClauses(await readNamedTests());
}

if (import.meta.main) {
  if (process.argv.includes("--write")) await writeFile(PATH, await rendered(await readFile(PATH, "utf8")));
  else for (const problem of await checkAmpDocs()) console.log(problem);
}
