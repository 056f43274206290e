import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const SCRIPT = join(import.meta.dir, "../../scripts/test.ts");
const PASSING = 'import { test } from "bun:test";\ntest("passes", () => {});\n';
const FAILING = 'import { test } from "bun:test";\ntest("fails", () => { throw new Error("no"); });\n';
const SKIPPING = 'import { test } from "bun:test";\ntest.skip("waits (skipped: no database)", () => {});\n';
const IGNORE_B = '[test]\npathIgnorePatterns = ["**/b_test.ts"]\n';

/** Fails when it runs for the first time. */
const UNSTEADY = `import { existsSync, writeFileSync } from "node:fs";
import { test } from "bun:test";
const isFirst = !existsSync("ran");
writeFileSync("ran", "");
test("is unsteady", () => { if (isFirst) throw new Error("busy"); });
`;

let root = "";

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "ampact-test-"));
});

afterAll(() => rmSync(root, { recursive: true }));

/** Runs scripts/test.ts in a project of these files. */
function run(name: string, files: Record<string, string>, args: readonly string[] = []) {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name, path)), { recursive: true });
    writeFileSync(join(root, name, path), text);
  }
  const { status, stdout } = spawnSync(process.execPath, [SCRIPT, ...args], {
    cwd: join(root, name),
    encoding: "utf8",
    env: { ...process.env, AGENT: "1" },
  });
  return { status, stdout, last: stdout.trimEnd().split("\n").at(-1) };
}

describe("scripts/test.ts", () => {
  test("passes when every file was collected and every test passed", () => {
    const result = run("good", { "tests/a_test.ts": PASSING, "tests/deep/er/b_test.ts": PASSING });
    expect(result.stdout).toContain("2 of 2 test files collected");
    expect(result).toMatchObject({ status: 0, last: "2 passed, 0 failed" });
  });

  test("fails, and names the file, when a file was not collected", () => {
    const files = { "tests/a_test.ts": PASSING, "tests/b_test.ts": PASSING, "bunfig.toml": IGNORE_B };
    const result = run("missed", files);
    expect(result.stdout).toContain("FAILED: 1 of 2 test files were collected, without tests/b_test.ts");
    expect(result).toMatchObject({ status: 1, last: "1 passed, 1 failed" });
  });

  test.each(["--help", "-h"])("%s tells how to use it, and runs nothing", (option) => {
    const { status, stdout } = run("help", { "tests/a_test.ts": FAILING }, [option]);
    expect(stdout).toStartWith("Usage: npm test -- ");
    expect(stdout).not.toContain("test files collected");
    expect(status).toBe(0);
  });

  test("fails when a test fails", () => {
    const result = run("failing", { "tests/a_test.ts": FAILING, "tests/b_test.ts": PASSING });
    expect(result).toMatchObject({ status: 1, last: "1 passed, 1 failed" });
  });

  test("tells what fails first and passes alone, and does not fail for it", () => {
    const result = run("unsteady", { "tests/a_test.ts": UNSTEADY, "tests/b_test.ts": PASSING });
    expect(result.stdout).toContain("unsteady: tests/a_test.ts: is unsteady");
    expect(result).toMatchObject({ status: 0, last: "2 passed, 0 failed" });
  });

  test("fails at once when many files fail", () => {
    const files = ["a", "b", "c", "d"].map((name) => [`tests/${name}_test.ts`, name === "a" ? UNSTEADY : FAILING]);
    const result = run("many", Object.fromEntries(files));
    expect(result.stdout).not.toContain("once more");
    expect(result).toMatchObject({ status: 1, last: "0 passed, 4 failed" });
  });

  test("fails when a file cannot be loaded", () => {
    const result = run("broken", { "tests/a_test.ts": 'import "./nowhere.ts";\n' });
    expect(result).toMatchObject({ status: 1, last: "0 passed, 1 failed" });
  });

  test("fails when the test process dies", () => {
    const result = run("dying", { "tests/a_test.ts": "process.exit(0);\n" });
    expect(result.status).toBe(1);
    expect(result.last).toMatch(/^0 passed, [1-9]\d* failed$/);
  });

  test("lists skipped tests with their reasons", () => {
    const result = run("skipping", { "tests/a_test.ts": SKIPPING, "tests/b_test.ts": PASSING });
    expect(result.stdout).toContain("skipped: waits: no database");
    expect(result).toMatchObject({ status: 0, last: "1 passed, 0 failed, 1 skipped" });
  });

  test("runs the files that an argument selects", () => {
    const files = { "tests/a_test.ts": FAILING, "tests/amp/b_test.ts": PASSING };
    expect(run("selected", files, ["tests/amp/"])).toMatchObject({ status: 0, last: "1 passed, 0 failed" });
    expect(run("selected", files, ["-t", "passes", "./tests/amp/b_test.ts"])).toMatchObject({ status: 0 });
    expect(run("selected", files, ["nothing"])).toMatchObject({ status: 1 });
  });

  test("--quick leaves out conversations and other programs", () => {
    const files = {
      "tests/amp/a_test.ts": PASSING,
      "tests/scenarios/b_test.ts": FAILING,
      "tests/cli/c_test.ts": FAILING,
    };
    const { status, stdout, last } = run("quick", files, ["--quick"]);
    expect(stdout).toStartWith("1 test file, about ");
    expect(stdout).toContain("\nok     tests/amp/a_test.ts (1 test, ");
    expect({ status, last }).toEqual({ status: 0, last: "1 passed, 0 failed" });
  });

  test("--verbose prints what bun prints", () => {
    const { stdout } = run("verbose", { "tests/a_test.ts": PASSING }, ["--verbose"]);
    expect(stdout).toContain("(pass) passes");
  });
});
