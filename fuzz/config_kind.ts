/** Mutated TOML and environment: a valid configuration, or a ConfigError that tells no secret. @module */
import { loadConfig } from "../server/config.ts";
import { ConfigError } from "../server/config_error.ts";
import { SETTINGS } from "../server/config_table.ts";
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

export const configKind: Kind = {
  name: "config",
  open: async () => ({
    make: (random) => [
      mutate(
        random,
        Array.from({ length: random.between(0, 3) }, () => `${random.pick(KEYS)} = ${random.pick(VALUES)}`).join("\n"),
      ),
      `AMPACT_${random.pick(KEYS).toUpperCase().replaceAll(".", "_")}`,
      mutate(random, random.pick(VALUES)),
      random.pick(SECRETS),
    ],
    play: async ([file = "", name = "", value = "", secret = ""]: Input) =>
      problemOf(file, { [name]: value }) ?? problemOf(secret, {}),
    close: async () => {},
  }),
};

function problemOf(file: string, env: Readonly<Record<string, string>>): string | undefined {
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
