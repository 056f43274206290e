/**
 * `npm test`: runs every tests/**\/*_test.ts in one `bun test`, and fails when a file was not collected.
 * Arguments go to `bun test`; those that are not options select files by part of their path.
 * The last line is `N passed, N failed`, with `, N skipped` when tests were skipped.
 * @module
 */
import { spawn } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { bunBinary } from "./check_tool.ts";
import { countsLine, readSummary } from "./test_summary.ts";

const TEST_TIMEOUT_MS = 20_000;
/** Shorter than the time that CI gives the whole run, so that a hang is reported and not cut off. */
const RUN_TIMEOUT_MS = 12 * 60_000;
/** Where one of these is set, bun prints neither the headings of files nor skipped tests. */
const QUIETING = ["CLAUDECODE", "AGENT", "REPL_ID"];
/** Options of `bun test` whose value is the next argument. */
const WITH_VALUE = ["-t", "--test-name-pattern", "--timeout", "--bail", "--seed", "--rerun-each", "--retry"];

const args = process.argv.slice(2);
const expected = await testFiles(selection(args));
const { output, code } = await runTests(args);
process.exit(report(output, code));

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

function runTests(args: readonly string[]): Promise<{ output: string; code: number }> {
  const where = selection(args).length === 0 ? ["./tests/"] : [];
  const bunArgs = ["test", "--no-orphans", `--timeout=${TEST_TIMEOUT_MS}`, ...where, ...args];
  const env = { ...process.env };
  for (const name of QUIETING) delete env[name];
  const child = spawn(bunBinary(), bunArgs, { env, stdio: ["ignore", "pipe", "pipe"] });
  const limit = setTimeout(() => child.kill("SIGKILL"), RUN_TIMEOUT_MS);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
  let output = "";
  const pass = (chunk: Buffer): void => {
    output += chunk.toString();
    process.stdout.write(chunk);
  };
  child.stdout.on("data", pass);
  child.stderr.on("data", pass);
  return new Promise((done, fail) => {
    child.on("error", fail);
    child.on("close", (code) => {
      clearTimeout(limit);
      done({ output: stripVTControlCharacters(output), code: code ?? 1 });
    });
  });
}

/** Prints what the run amounts to and returns the exit code. */
function report(output: string, code: number): number {
  const { files, collected = 0, skipped, passed, failed } = readSummary(output);
  const faults: string[] = [];
  if (expected.length === 0) faults.push("No test file matches");
  if (collected !== expected.length) {
    const missed = expected.filter((file) => !files.includes(file));
    faults.push(`${collected} of ${expected.length} test files were collected, without ${missed.join(", ")}`);
  }
  if (code !== 0 && failed === 0 && faults.length === 0) faults.push(`bun test ended with exit code ${code}`);

  console.log(`\n${collected} of ${expected.length} test files collected`);
  for (const { name, reason } of skipped) console.log(`skipped: ${name}: ${reason}`);
  for (const fault of faults) console.log(`FAILED: ${fault}`);
  console.log(countsLine(passed, failed + faults.length, skipped.length));
  return failed + faults.length > 0 ? 1 : 0;
}
