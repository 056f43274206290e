import { describe, expect, test } from "bun:test";
import { Passwords } from "../../../modules/passwords.ts";
import { anonymous } from "../../../transport/sasl/anonymous.ts";
import { findMechanism, offeredMechanisms, tokenMechanisms } from "../../../transport/sasl/mechanisms.ts";
import { plain } from "../../../transport/sasl/plain.ts";
import type { SaslContext } from "../../../transport/sasl/sasl_mechanism.ts";
import { SaslError } from "../../../xmpp/errors.ts";
import { checkPassword, deriveCredentials } from "../../../xmpp/scram_keys.ts";
import { WorkLimit } from "../../../xmpp/work_limit.ts";

const SCRAM = ["SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1"];
const OPEN = { encrypted: false, loopback: false };
const LOOPBACK = { encrypted: false, loopback: true };
const TLS = { encrypted: true, loopback: false };

describe("offeredMechanisms()", () => {
  test.each([
    ["never", OPEN, SCRAM],
    ["never", LOOPBACK, SCRAM],
    ["never", TLS, [...SCRAM, "PLAIN"]],
    ["loopback", OPEN, SCRAM],
    ["loopback", LOOPBACK, [...SCRAM, "PLAIN"]],
    ["always", OPEN, [...SCRAM, "PLAIN"]],
  ] as const)("with PLAIN without TLS %s on %j", (plainWithoutTls, security, expected) => {
    const names = offeredMechanisms({ plainWithoutTls, anonymous: false }, security).map(({ name }) => name);
    expect(names).toEqual([...expected]);
  });

  test("offers ANONYMOUS last, where configured", () => {
    const names = offeredMechanisms({ plainWithoutTls: "never", anonymous: true }, OPEN).map(({ name }) => name);
    expect(names).toEqual([...SCRAM, "ANONYMOUS"]);
  });
});

describe("tokenMechanisms()", () => {
  test.each([
    ["never", OPEN, 0],
    ["never", LOOPBACK, 0],
    ["never", TLS, 1],
    ["loopback", LOOPBACK, 1],
    ["loopback", OPEN, 0],
  ] as const)("without TLS they are offered where PLAIN is: %s on %j", (plainWithoutTls, security, count) => {
    expect(tokenMechanisms({ plainWithoutTls }, security).length).toBe(count);
  });
});

describe("findMechanism()", () => {
  test.each([
    ["PLAIN", "encryption-required"],
    ["ANONYMOUS", "invalid-mechanism"],
    ["DIGEST-MD5", "invalid-mechanism"],
    ["scram-sha-1", "invalid-mechanism"],
    ["", "invalid-mechanism"],
  ])("refuses %j", (name, expected) => {
    expect(findMechanism(name, { plainWithoutTls: "loopback", anonymous: false }, OPEN) as string).toBe(expected);
  });
});

describe("plain", () => {
  const credentials = deriveCredentials("pencil");
  const context: SaslContext = {
    domain: "localhost",
    secret: new Uint8Array(16),
    passwords: { check: checkPassword },
    rounds: 10_000,
    renew: () => {},
    admit: () => {},
    credentials: async (account) => (account.local === "user" ? credentials : undefined),
    newNonce: () => "x",
  };
  const respond = async (message: string) => {
    try {
      const step = await plain.start(context).respond(new TextEncoder().encode(message));
      return step.kind === "success" ? step.account.text : step.kind;
    } catch (error) {
      if (error instanceof SaslError) return error.condition;
      throw error;
    }
  };

  test.each([
    ["\0user\0pencil", "user@localhost"],
    ["user@localhost\0user\0pencil", "user@localhost"],
    ["\0user\0wrong", "not-authorized"],
    ["\0nobody\0pencil", "not-authorized"],
    ["romeo@localhost\0user\0pencil", "invalid-authzid"],
    ["user@localhost/r\0user\0pencil", "invalid-authzid"],
    ["\0us er\0pencil", "not-authorized"],
    ["user\0pencil", "malformed-request"],
    ["\0user\0", "malformed-request"],
    ["\0\0pencil", "malformed-request"],
    ["\0user\0pen\0cil", "malformed-request"],
    ["", "malformed-request"],
  ])("answers %j with %s", async (message, expected) => {
    expect(await respond(message)).toBe(expected);
  });

  test("answers that it has no time while too many passwords wait to be checked", async () => {
    const busy = { ...context, passwords: new Passwords(new WorkLimit(0, 0)) };
    const login = plain.start(busy).respond(new TextEncoder().encode("\0user\0pencil"));
    expect(login).rejects.toMatchObject({ condition: "temporary-auth-failure" });
  });
});

describe("anonymous", () => {
  test("gives an account that nobody has", async () => {
    const context = { domain: "localhost", newNonce: () => "AbC-1" } as SaslContext;
    const step = await anonymous.start(context).respond(new Uint8Array());
    expect(step).toMatchObject({ kind: "success", account: { text: "anon-abc-1@localhost" } });
  });
});
