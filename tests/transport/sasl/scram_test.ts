import { describe, expect, test } from "bun:test";
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { createMemory } from "../../../modules/memory.ts";
import { PASSWORDS } from "../../../modules/passwords.ts";
import type { Credentials, ScramKeys } from "../../../store/store.ts";
import type { SaslContext, SaslStep } from "../../../transport/sasl/sasl_mechanism.ts";
import { scram } from "../../../transport/sasl/scram.ts";
import { SaslError } from "../../../xmpp/errors.ts";
import { Jid } from "../../../xmpp/jid.ts";
import { deriveCredentials, type ScramHash } from "../../../xmpp/scram_keys.ts";

const NODE = { "SHA-1": "sha1", "SHA-256": "sha256", "SHA-512": "sha512" } as const;
const LENGTH = { "SHA-1": 20, "SHA-256": 32, "SHA-512": 64 } as const;

function keysOf(hash: ScramHash, password: string, salt: string, iterations: number): ScramKeys {
  const salted = pbkdf2Sync(password, Buffer.from(salt, "base64"), iterations, LENGTH[hash], NODE[hash]);
  const hmac = (text: string) => createHmac(NODE[hash], salted).update(text).digest();
  return {
    salt,
    iterations,
    storedKey: createHash(NODE[hash]).update(hmac("Client Key")).digest("base64"),
    serverKey: hmac("Server Key").toString("base64"),
  };
}

function contextFor(credentials: Credentials | undefined, nonce: string): SaslContext {
  return {
    domain: "example.com",
    secret: new Uint8Array(16),
    passwords: createMemory().get(PASSWORDS),
    rounds: 10_000,
    renew: () => {},
    admit: () => {},
    credentials: async (account) => (account.equals(Jid.parse("user@example.com")) ? credentials : undefined),
    newNonce: () => nonce,
  };
}

const bytes = (text: string) => new TextEncoder().encode(text);

async function failure(step: () => SaslStep | Promise<SaslStep>): Promise<string> {
  try {
    await step();
  } catch (error) {
    if (error instanceof SaslError) return error.condition;
    throw error;
  }
  throw new Error("no failure");
}

const VECTORS = [
  {
    name: "RFC 5802 section 5",
    hash: "SHA-1",
    salt: "QSXCR+Q6sek8bf92",
    first: "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
    nonce: "3rfcNHYJY1ZVvWVs7j",
    challenge: "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
    final: "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
    success: "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
  },
  {
    name: "RFC 7677 section 3",
    hash: "SHA-256",
    salt: "W22ZaJ0SNY7soEsUEjb6gQ==",
    first: "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
    nonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
    challenge: "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    final: "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    success: "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
  },
] as const;

describe("scram()", () => {
  test.each(VECTORS)("passes the example of $name", async ({ hash, salt, first, nonce, challenge, final, success }) => {
    const exchange = scram(hash).start(contextFor({ [hash]: keysOf(hash, "pencil", salt, 4096) }, nonce));
    expect(await exchange.respond(bytes(first))).toEqual({ kind: "challenge", data: challenge });
    const step = await exchange.respond(bytes(final));
    expect(step).toEqual({ kind: "success", account: Jid.parse("user@example.com"), data: success });
  });

  const { salt, nonce, first, final } = VECTORS[0];
  const start = () => scram("SHA-1").start(contextFor({ "SHA-1": keysOf("SHA-1", "pencil", salt, 4096) }, nonce));

  test.each([
    ["no GS2 header", "n=user,r=abc", "malformed-request"],
    ["channel binding asked for", "p=tls-unique,,n=user,r=abc", "malformed-request"],
    ["a mandatory extension", "n,,m=x,n=user,r=abc", "malformed-request"],
    ["no nonce", "n,,n=user,r=", "malformed-request"],
    ["a nonce with a control character", "n,,n=user,r=a\u0001", "malformed-request"],
    ["no name", "n,,n=,r=abc", "malformed-request"],
    ["a bad escape in the name", "n,,n=us=er,r=abc", "malformed-request"],
    ["a name that can be none", "n,,n=us er@,r=abc", "not-authorized"],
    ["somebody else's authzid", "n,a=romeo@example.com,n=user,r=abc", "invalid-authzid"],
    ["nothing", "", "malformed-request"],
  ])("refuses a first message with %s", async (_what, message, condition) => {
    expect(await failure(() => start().respond(bytes(message)))).toBe(condition);
  });

  test.each([
    ["n,a=user@example.com,n=user,r=abc"],
    ["y,,n=user,r=abc"],
    ["n,,n=user,r=abc,ext=1"],
    ["n,,n=USER,r=abc"],
  ])("accepts the first message %s", async (message) => {
    expect((await start().respond(bytes(message))).kind).toBe("challenge");
  });

  test("refuses bytes that are no UTF-8", async () => {
    expect(await failure(() => start().respond(new Uint8Array([0x6e, 0xff])))).toBe("malformed-request");
  });

  test.each([
    ["another nonce", final.replace("r=fyko", "r=fykO"), "not-authorized"],
    ["a changed GS2 header", final.replace("c=biws", "c=eSws"), "not-authorized"],
    ["a wrong proof", final.replace("p=v0X8", "p=v0X9"), "not-authorized"],
    ["a short proof", final.replace(/p=.*/, "p=v0X8"), "not-authorized"],
    ["no proof", final.replace(/,p=.*/, ""), "malformed-request"],
    ["nothing", "", "malformed-request"],
  ])("refuses a last message with %s", async (_what, message, condition) => {
    const exchange = start();
    await exchange.respond(bytes(first));
    expect(await failure(() => exchange.respond(bytes(message)))).toBe(condition);
  });

  test("decodes =2C and =3D in a name", async () => {
    const seen: string[] = [];
    const context: SaslContext = {
      ...contextFor(undefined, nonce),
      rounds: 10_000,
      renew: () => {},
      admit: () => {},
      credentials: async (account) => void seen.push(account.local) as undefined,
    };
    await scram("SHA-1").start(context).respond(bytes("n,,n=a=2Cb=3Dc,r=abc"));
    expect(seen).toEqual(["a,b=c"]);
  });

  test("answers for an unknown account as for a known one, the same each time, and fails in the end", async () => {
    const known = await deriveCredentials("pencil");
    const ask = async (message: string) => {
      const exchange = scram("SHA-256").start(contextFor(known, "xyz"));
      const step = await exchange.respond(bytes(message));
      return { exchange, data: step.data ?? "" };
    };
    const { data: real } = await ask("n,,n=user,r=abc");
    const { data: fake, exchange } = await ask("n,,n=nobody,r=abc");
    const { data: again } = await ask("n,,n=nobody,r=abc");
    const shape = /^r=abcxyz,s=[A-Za-z0-9+/]{22}==,i=10000$/;
    expect(real).toMatch(shape);
    expect(fake).toMatch(shape);
    expect(again).toBe(fake);
    const proof = Buffer.alloc(32).toString("base64");
    expect(await failure(() => exchange.respond(bytes(`c=biws,r=abcxyz,p=${proof}`)))).toBe("not-authorized");
  });
});
