/**
 * Mutated TOML and environment: a valid configuration, with which a server starts, answers and stops, or a ConfigError that tells
 * no secret.
 * @module
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../server/config.ts";
import { ConfigError } from "../server/config_error.ts";
import { SETTINGS } from "../server/config_table.ts";
import { createServer } from "../server/create_server.ts";
import type { Input, Kind } from "./kind.ts";
import { mutate } from "./mutate.ts";

const SECRET = "hunter2secret";
/** Slips beside settings that hold secrets. */
const SECRETS = [
  `auth.password = { a = "${SECRET}" }`,
  `[gateways."a.example"]\nurl = "http://a"\nsecret = "${SECRET}"`,
  `[[external_services]]\ntype = "turn"\nhost = "a"\nsecret = "${SECRET}"`,
  `[[turn]]\nsecret = "${SECRET}"`,
  `c2s.port = { secret = "${SECRET}" }`,
];
const VALUES = [
  "true",
  "-1",
  "0",
  "1e99",
  "nan",
  '"a"',
  "[]",
  '["a"]',
  "{ a = 1 }",
  "1979-05-27",
  '"sqlite::memory:"',
  "5222",
  "[1, {}]",
];
const KEYS = Object.keys(SETTINGS);

/** One valid configuration in this many is served, which takes a hundred times as long as reading it. */
const SERVED = 16;

export const configKind: Kind = {
  name: "config",
  async open() {
    const dataDir = await mkdtemp(join(tmpdir(), "ampact-fuzz-"));
    return {
      make: (random) => [
        mutate(
          random,
          Array.from({ length: random.between(0, 3) }, () => `${random.pick(KEYS)} = ${random.pick(VALUES)}`).join(
            "\n",
          ),
        ),
        `AMPACT_${random.pick(KEYS).toUpperCase().replaceAll(".", "_")}`,
        mutate(random, random.pick(VALUES)),
        random.pick(SECRETS),
        String(random.between(1, SERVED)),
      ],
      async play([file = "", name = "", value = "", secret = "", turn = ""]: Input) {
        const env = { [name]: value };
        const problem = problemOf(file, env) ?? problemOf(secret, {});
        if (problem !== undefined || turn !== "1" || !isValid(file, env)) return problem;
        return await problemOfServer(file, env, dataDir);
      },
      close: () => rm(dataDir, { recursive: true }),
    };
  },
};

function isValid(file: string, env: Env): boolean {
  try {
    loadConfig({ file, env });
    return true;
  } catch (error) {
    if (error instanceof ConfigError) return false;
    throw error;
  }
}

/** What it writes down and opens is ours alone. */
async function problemOfServer(file: string, env: Env, dataDir: string): Promise<string | undefined> {
  const errors: string[] = [];
  const log = { debug() {}, info() {}, warn() {}, error: (what: string) => void errors.push(what) };
  const server = createServer({ file, env, dataDir, store: "sqlite::memory:", log });
  await server.start();
  try {
    const { status } = await server.app.request("http://localhost/.well-known/host-meta");
    if (status >= 500) return `HTTP status ${status}`;
  } finally {
    await server.stop();
  }
  return errors[0];
}

type Env = Readonly<Record<string, string>>;

function problemOf(file: string, env: Env): string | undefined {
  try {
    loadConfig({ file, env });
    return undefined;
  } catch (error) {
    if (!(error instanceof ConfigError)) return `no ConfigError: ${error}`;
    if (error.message.includes(SECRET)) return "the message tells a secret";
    return error.problems.every((problem) => problem.name !== "")
      ? undefined
      : `a problem without a name: ${error.message}`;
  }
}
