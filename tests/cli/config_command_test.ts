import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parse } from "smol-toml";
import { checkConfig, printedConfig } from "../../cli/config_command.ts";
import { SETTINGS } from "../../server/config_table.ts";
import { Program } from "../scripts/program.ts";

let folder = "";
let file = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ampact-config-"));
  file = join(folder, "ampact.toml");
});

afterEach(() => rmSync(folder, { recursive: true }));

function written(text: string, env: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  writeFileSync(file, text);
  return { ...env, AMPACT_CONFIG: file };
}

test("check-config says which file is right, and which variables it does not know", () => {
  const env = written('domains = ["a.example"]', { AMPACT_HTTP_PROT: "1", PATH: "/bin" });
  expect(checkConfig(env)).toEqual([
    "Unknown variable AMPACT_HTTP_PROT (did you mean AMPACT_HTTP_PORT?)",
    `The configuration is right: ${file}, and the environment`,
  ]);
});

test.each([
  ["[http]\nprot = 1", "(did you mean http.port?)"],
  ["domans = []", "(did you mean domains?)"],
  ['[log]\nlevel = "loud"', 'log.level: "loud" given, expected one of debug'],
])("check-config tells what is wrong in %p", (text, fault) => {
  expect(() => checkConfig(written(text))).toThrow(fault);
});

test("a fault of TOML names the file", () => {
  expect(() => checkConfig(written("domains = ["))).toThrow(`Cannot use configuration ${file}, line 1, column `);
});

test("print-config shows each setting with its origin, as TOML, and hides secrets", () => {
  const secret = "a-very-secret-secret-of-32-letters";
  const env = written(
    `domains = ["a.example", "b.example"]\n[gateways."sms.example"]\nurl = "https://x.example/"\nsecret = "${secret}"`,
    { AMPACT_HTTP_PORT: "5299", AMPACT_DATA_DIR: 'da"ta' },
  );
  const lines = printedConfig(env);
  expect(lines.join("\n")).not.toContain(secret);
  expect(lines).toContain('domains = [ "a.example", "b.example" ] # the file');
  expect(lines).toContain("http.port = 5299 # AMPACT_HTTP_PORT");
  expect(lines).toContain("# gateways: a value that is not shown (the file)");
  expect(lines).toContain("# c2s.port: 5222 (default)");
  for (const key of Object.keys(SETTINGS)) expect(lines.join("\n")).toMatch(new RegExp(`^(# )?${key}[: ]`, "m"));
  expect(parse(lines.join("\n"))).toEqual({
    domains: ["a.example", "b.example"],
    http: { port: 5299 },
    data_dir: 'da"ta',
  });
});

test("a fault ends check-config with exit code 2 and a line", async () => {
  writeFileSync(file, "[http]\nprot = 1\n");
  const script = resolve(import.meta.dir, "../../scripts/server.ts");
  const program = new Program(process.execPath, [script, "check-config"], { cwd: folder });
  expect(await program.exitCode).toBe(2);
  expect(program.errors).toContain("did you mean http.port?");
  expect(program.output).toBe("");
});
