/**
 * `npm test`: runs every tests/**\/*_test.ts, and fails when a file was not collected. Most share one `bun test`; those
 * that start programs of others, or use their clients, have a process each, which nothing outlives. A file in which all
 * is well is one line; one with a failure is printed whole. A few files that fail run once more, each alone: what passes
 * then is told as unsteady, and does not fail the run.
 * Arguments go to `bun test`; those that are not options select files by part of their path.
 * The last line is `N passed, N failed`, with `, N skipped` when tests were skipped.
 * @module
 */
import { spawn } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { bunBinary } from "./check_tool.ts";
import { TestLines } from "./test_lines.ts";
import { countsLine, readSummary, type TestSummary } from "./test_summary.ts";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
const TEST_TIMEOUT_MS = 20_000;
/** Shorter than the time that CI gives the whole run, so that a hang is reported and not cut off. */
const RUN_TIMEOUT_MS = 12 * 60_000;
/** Where one of these is set, bun prints neither the headings of files nor skipped tests. */
const QUIETING = ["CLAUDECODE", "AGENT", "REPL_ID"];
/** Those of this script. */
const OWN_OPTIONS = ["--quick", "--verbose"];
/** Options of `bun test` whose value is the next argument. */
const WITH_VALUE = ["-t", "--test-name-pattern", "--timeout", "--bail", "--seed", "--rerun-each", "--retry"];

/** Folders below tests/ whose files have a process each. */
const ALONE = [
  "browser",
  "chaos",
  "cli",
  "client",
  "clients",
  "crash",
  "examples",
  "foreign_servers",
  "native",
  "package",
  "scripts",
];

/** Folders below tests/ which --quick leaves out, besides these. */
const SLOW = ["bench", "fuzz", "scenarios"];

/** On two cores with nothing else to do. */
const MINUTES = { all: 10, quick: 3 };

/** Where more files than these fail, the machine's load is not the reason. */
const MOST_AGAIN = 3;

const HELP = `Usage: npm test -- [PART...] [OPTION...]
Runs all files tests/**/*_test.ts, or those with one of the parts in their path, and fails when one was not collected.
All of them take about ${MINUTES.all} minutes on two cores.
  --quick        about ${MINUTES.quick} minutes: without conversations over sockets, other programs, and long runs
  --verbose      all that bun prints, not one line a file
Other options go to "bun test", for example:
  -t PATTERN     only tests whose name matches
  --bail         stop at the first failure
  --timeout MS   for each test, ${TEST_TIMEOUT_MS} unless given`;

const args = process.argv.slice(2);
if (args.includes("--help") || args.includes("-h")) {
  console.log(HELP);
  process.exit(0);
}
const isQuick = args.includes("--quick");
const isVerbose = args.includes("--verbose");
const patterns = selection(args);
const options = args.filter((arg) => !patterns.includes(arg) && !OWN_OPTIONS.includes(arg));
const expected = (await testFiles(patterns)).filter((file) => !isQuick || !isSlow(file));
if (patterns.length === 0) announce();
const summaries: TestSummary[] = [];
const faults: string[] = [];
for (const group of groupsOf(expected)) {
  const { output, code } = await runTests(group);
  const summary = readSummary(output);
  if (code !== 0 && summary.failed === 0) faults.push(`bun test ${group.join(" ")} ended with exit code ${code}`);
  summaries.push(summary);
}
const unsteady = await steadied(summaries);
process.exit(report(summaries));

function announce(): void {
  const minutes = isQuick ? MINUTES.quick : MINUTES.all;
  const hint = isQuick ? "" : `; with --quick about ${MINUTES.quick}`;
  console.log(
    `${expected.length} test ${expected.length === 1 ? "file" : "files"}, about ${minutes} minutes on two cores${hint}\n`,
  );
}

/**
 * The tests that fail beside others, and pass alone. A timing that a busy machine breaks must be seen and mended, but does not
 * throw away a run of many minutes.
 */
async function steadied(summaries: readonly TestSummary[]): Promise<Set<string>> {
  const failures = summaries.flatMap((summary) => summary.failures);
  const failed = summaries.reduce((total, summary) => total + summary.failed, 0);
  const files = [...new Set(failures.map((failure) => failure.split(": ")[0]!))];
  const passed = new Set<string>();
  // A failure without a file of its own cannot be tried again.
  if (files.length > MOST_AGAIN || failures.length !== failed || !files.every((file) => expected.includes(file))) {
    return passed;
  }
  for (const file of files) {
    console.log(`\nonce more, alone: ${file}`);
    const { output, code } = await runTests([file]);
    if (code !== 0 || readSummary(output).failed > 0) continue;
    for (const failure of failures) if (failure.startsWith(`${file}: `)) passed.add(failure);
  }
  return passed;
}

/** The folder below tests/. */
function folderOf(file: string): string {
  return file.split("/")[1] ?? "";
}

function isSlow(file: string): boolean {
  return SLOW.includes(folderOf(file)) || ALONE.includes(folderOf(file));
}

function groupsOf(files: readonly string[]): string[][] {
  const isAlone = (file: string) => ALONE.includes(folderOf(file));
  const shared = files.filter((file) => !isAlone(file));
  const alone = files.filter(isAlone).map((file) => [file]);
  return shared.length > 0 ? [shared, ...alone] : alone;
}

function selection(args: readonly string[]): string[] {
  return args.filter((arg, at) => !arg.startsWith("-") && !WITH_VALUE.includes(args[at - 1] ?? ""));
}

/** Paths relative to the project, of all test files or of those that match a pattern. */
async function testFiles(patterns: readonly string[]): Promise<string[]> {
  const entries = await readdir("tests", { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith("_test.ts"))
    .map((entry) => relative(".", join(entry.parentPath, entry.name)));
  const parts = patterns.map((pattern) => pattern.replace(/^\.\//, ""));
  return files.filter((file) => parts.length === 0 || parts.some((part) => file.includes(part))).sort();
}

function runTests(files: readonly string[]): Promise<{ output: string; code: number }> {
  const bunArgs = [
    "test",
    "--no-orphans",
    `--timeout=${TEST_TIMEOUT_MS}`,
    ...files.map((file) => `./${file}`),
    ...options,
  ];
  const env = { ...process.env };
  for (const name of QUIETING) delete env[name];
  const child = spawn(bunBinary(), bunArgs, { env, stdio: ["ignore", "pipe", "pipe"] });
  const limit = setTimeout(() => child.kill("SIGKILL"), RUN_TIMEOUT_MS);
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  for (const signal of SIGNALS) process.on(signal, forward);
  let output = "";
  const lines = new TestLines(() => performance.now(), console.log);
  const pass = (chunk: Buffer): void => {
    const text = chunk.toString();
    output += text;
    if (isVerbose) process.stdout.write(text);
    else lines.push(text);
  };
  child.stdout.on("data", pass);
  child.stderr.on("data", pass);
  return new Promise((done, fail) => {
    child.on("error", fail);
    child.on("close", (code) => {
      clearTimeout(limit);
      for (const signal of SIGNALS) process.off(signal, forward);
      if (!isVerbose) lines.end(code ?? 1);
      done({ output: stripVTControlCharacters(output), code: code ?? 1 });
    });
  });
}

/** Prints what the runs amount to and returns the exit code. */
function report(summaries: readonly TestSummary[]): number {
  const sum = (count: (summary: TestSummary) => number) =>
    summaries.reduce((total, summary) => total + count(summary), 0);
  const collected = sum((summary) => summary.collected ?? 0);
  const files = summaries.flatMap((summary) => summary.files);
  const skipped = summaries.flatMap((summary) => summary.skipped);
  if (expected.length === 0) faults.push("No test file matches");
  if (collected !== expected.length) {
    const missed = expected.filter((file) => !files.includes(file));
    faults.push(`${collected} of ${expected.length} test files were collected, without ${missed.join(", ")}`);
  }
  const failures = summaries.flatMap((summary) => summary.failures);
  console.log(`\n${collected} of ${expected.length} test files collected`);
  for (const { name, reason } of skipped) console.log(`skipped: ${name}: ${reason}`);
  for (const failure of failures) console.log(`${unsteady.has(failure) ? "unsteady" : "failed"}: ${failure}`);
  for (const fault of faults) console.log(`FAILED: ${fault}`);
  const failed = sum((summary) => summary.failed) - unsteady.size + faults.length;
  console.log(countsLine(sum((summary) => summary.passed) + unsteady.size, failed, skipped.length));
  return failed > 0 ? 1 : 0;
}
