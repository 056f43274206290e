/**
 * `npm run bench`: the cost of a message, its growth, and latency, with a table and pictures at the end.
 * docs/PERFORMANCE.md describes the measurements. Options: see `--help`.
 * @module
 */
import { mkdir, writeFile } from "node:fs/promises";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { Bench } from "../bench/bench.ts";
import { CASES } from "../bench/cases/mod.ts";
import { type Options, PICTURES, parseOptions, UsageError } from "../bench/options.ts";
import { usageSource } from "../bench/process_usage.ts";
import { Progress } from "../bench/progress.ts";
import type { CaseResult } from "../bench/result.ts";
import { svgChart } from "../bench/svg_chart.ts";
import { table } from "../bench/table.ts";

async function main(args: readonly string[]): Promise<number> {
  const names = CASES.map(({ name }) => name);
  const options = parseOptions(args, names, tmpdir());
  if (options.help) {
    console.log(help());
    return 0;
  }
  const { results, failures } = await run(options);
  console.log(`\n${machine()}\n\n${table(results)}`);
  for (const picture of await writePictures(options.out, results)) console.log(`picture: ${picture}`);
  if (options.json !== undefined) await writeFile(options.json, json(options, results));
  for (const failure of failures) console.error(`FAILED: ${failure}`);
  return failures.length === 0 ? 0 : 1;
}

/** A case that fails does not keep the others from running. */
async function run({ quick, only }: Options): Promise<{ results: Record<string, CaseResult>; failures: string[] }> {
  const chosen = CASES.filter(({ name }) => only.length === 0 || only.includes(name));
  const progress = new Progress(process.stdout, chosen.length, () => performance.now());
  const results: Record<string, CaseResult> = {};
  const failures: string[] = [];
  for (const each of chosen) {
    progress.start(each.name);
    const bench = new Bench(quick, (text) => progress.step(text));
    try {
      results[each.name] = await each.run(bench);
    } catch (error) {
      failures.push(`${each.name}: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      bench.stop();
    }
  }
  progress.end();
  return { results, failures };
}

async function writePictures(folder: string, results: Readonly<Record<string, CaseResult>>): Promise<string[]> {
  const charts = Object.values(results).flatMap((result) => result.charts ?? []);
  if (charts.length > 0) await mkdir(folder, { recursive: true });
  return await Promise.all(
    charts.map(async (chart) => {
      const path = join(folder, `${chart.name}.svg`);
      await writeFile(path, svgChart(chart));
      return path;
    }),
  );
}

function machine(): string {
  const [processor] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} x ${processor?.model.trim()}, ${memory} GiB, ${process.platform} ${process.arch}, Bun ${process.versions.bun}, processor time from ${usageSource()}`;
}

function json({ quick }: Options, results: Readonly<Record<string, CaseResult>>): string {
  return `${JSON.stringify({ at: new Date().toISOString(), machine: machine(), quick, results }, undefined, 1)}\n`;
}

function help(): string {
  const width = Math.max(...CASES.map(({ name }) => name.length));
  return `Measures this server, with a load client of its own: nothing else is needed.

  npm run bench                    everything, about ten minutes; pictures go to ${PICTURES}/
  npm run bench -- --quick         everything, smaller, in less than two minutes
  npm run bench -- --only NAME     one case, or some, separated by commas
  npm run bench -- --json FILE     the figures, for a program
  npm run bench -- --out FOLDER    where the pictures go

Cases
${CASES.map(({ name, about }) => `  ${name.padEnd(width)}  ${about}`).join("\n")}`;
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof UsageError ? `${error.message} (see --help)` : error);
    process.exit(error instanceof UsageError ? 2 : 1);
  },
);
