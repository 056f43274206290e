import { describe, expect, test } from "bun:test";
import { createServer } from "../../../mod.ts";
import { loadConfig } from "../../../server/config.ts";

const SECRET = "sixteen or more characters";
const sound = `url = "https://hooks.example.org/ampact"\nsecret = "${SECRET}"\n`;
const file = (table: string) => `[[outcomes.webhooks]]\n${table}`;

describe("the configuration key outcomes.webhooks", () => {
  test("is a list of tables; addresses come in their canonical form", () => {
    const { webhooks } = loadConfig({
      file: file(`${sound}kinds = ["settled", "gateway"]\naccounts = ["Juliet@Example.org", "sms.example.org"]\n`),
      env: {},
    }).outcomes;
    expect(webhooks).toEqual([
      {
        url: "https://hooks.example.org/ampact",
        secret: SECRET,
        kinds: ["settled", "gateway"],
        accounts: ["juliet@example.org", "sms.example.org"],
      },
    ]);
    expect(loadConfig({ env: {} }).outcomes.webhooks).toEqual([]);
  });

  test("is JSON in the environment, and an option in code", () => {
    const hooks = [{ url: "http://127.0.0.1:9/", secret: SECRET, allow_private: true }];
    const env = { AMPACT_OUTCOMES_WEBHOOKS: JSON.stringify(hooks) };
    expect(loadConfig({ env }).outcomes.webhooks).toEqual(hooks);
    expect(createServer({ outcomes: { webhooks: hooks } }).config.outcomes.webhooks).toEqual(hooks);
  });

  const faults: readonly [string, string][] = [
    ["no secret", `url = "https://hooks.example.org"`],
    ["a short secret", `url = "https://hooks.example.org"\nsecret = "short"`],
    ["a URL of another kind", `url = "ftp://hooks.example.org"\nsecret = "${SECRET}"`],
    ["an address inside the network", `url = "http://169.254.169.254/"\nsecret = "${SECRET}"`],
    ["the same written otherwise", `url = "http://0x7f.1/"\nsecret = "${SECRET}"`],
    ["the same as IPv6", `url = "http://[::ffff:127.0.0.1]/"\nsecret = "${SECRET}"`],
    ["an unknown key", `${sound}colour = "red"`],
    ["an unknown kind", `${sound}kinds = ["sotred"]`],
    ["a full JID", `${sound}accounts = ["juliet@example.org/balcony"]`],
    ["one URL twice", `${sound}[[outcomes.webhooks]]\n${sound}`],
  ];
  test.each(faults)("stops the start with %s, and does not show the secret", (_, table) => {
    expect(() => loadConfig({ file: file(table), env: {} })).toThrow("Cannot use configuration outcomes.webhooks");
    expect(() => loadConfig({ file: file(table), env: {} })).not.toThrow(SECRET);
  });
});
