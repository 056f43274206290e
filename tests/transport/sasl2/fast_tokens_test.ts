import { beforeEach, describe, expect, test } from "bun:test";
import type { Credentials } from "../../../store/store.ts";
import { FastTokens, type TokenOwner } from "../../../transport/sasl2/fast_tokens.ts";
import { SaslError } from "../../../xmpp/errors.ts";
import { Jid } from "../../../xmpp/jid.ts";
import { deriveCredentials, passwordId, withPasswordId } from "../../../xmpp/scram_keys.ts";
import { CLIENT, FakeDocuments } from "./sasl2_client.ts";

const DAY = 86_400_000;
const USER = Jid.parse("user@localhost");
const OWNER: TokenOwner = { account: USER, client: CLIENT, mechanism: "HT-SHA-256-NONE" };
const PLAIN_USE = { count: undefined, invalidate: false };
const credentials = deriveCredentials("pencil");
const changed = deriveCredentials("pencil");

let now: number;
let kept: Credentials | undefined;
let documents: FakeDocuments;
let tokens: FastTokens;
beforeEach(async () => {
  now = 1_000_000;
  kept = await credentials;
  documents = new FakeDocuments();
  tokens = new FastTokens({ store: () => documents, credentials: async () => kept, now: () => now });
});

async function issue(owner = OWNER): Promise<string> {
  return (await tokens.issue(owner))!.token;
}

/** "ok", or the condition of the refusal. */
async function use(token: string, login: Partial<typeof PLAIN_USE | { count: number }> = {}, owner = OWNER) {
  try {
    expect(await tokens.use(owner, { ...PLAIN_USE, ...login }, (candidate) => candidate === token)).toBe(token);
    return "ok";
  } catch (error) {
    if (error instanceof SaslError) return error.condition;
    throw error;
  }
}

describe("FastTokens", () => {
  test("gives tokens of 256 random bits, each for three weeks", async () => {
    const first = (await tokens.issue(OWNER))!;
    expect(first).toEqual({ token: expect.stringMatching(/^[\w-]{43}$/), expiry: now + 21 * DAY });
    expect(await issue()).not.toBe(first.token);
  });

  test("keeps a token while the keys of its password are renewed", async () => {
    const token = await issue();
    kept = withPasswordId(await changed, passwordId(await credentials));
    expect(await use(token)).toBe("ok");
  });

  test("gives none where there is no account", async () => {
    kept = undefined;
    expect(await tokens.issue(OWNER)).toBeUndefined();
    expect(documents.kept.size).toBe(0);
  });

  test("takes a token again and again until it expires", async () => {
    const token = await issue();
    expect(await use(token)).toBe("ok");
    now += 21 * DAY - 1;
    expect(await use(token)).toBe("ok");
    now += 1;
    expect(await use(token)).toBe("credentials-expired");
  });

  test.each([
    ["another token", "x", {}],
    ["another mechanism", undefined, { mechanism: "HT-SHA-256-EXPR" }],
    ["another client", undefined, { client: CLIENT.replace("d", "e") }],
    ["another account", undefined, { account: Jid.parse("juliet@localhost") }],
  ])("refuses %s", async (_what, other, owner) => {
    const token = await issue();
    expect(await use(other ?? token, {}, { ...OWNER, ...owner })).toBe("not-authorized");
    expect(await use(token)).toBe("ok");
  });

  test("refuses a token when the password was set anew, or the account is gone", async () => {
    const token = await issue();
    kept = await changed;
    expect(await use(token)).toBe("credentials-expired");
    kept = undefined;
    expect(await use(token)).toBe("not-authorized");
  });

  test("takes only a count that is higher than those before (section 3.4)", async () => {
    const token = await issue();
    const counts = [0, 1, 1, 5, 4, 6];
    const answers: string[] = [];
    for (const count of counts) answers.push(await use(token, { count }));
    expect(answers).toEqual(["not-authorized", "ok", "not-authorized", "ok", "not-authorized", "ok"]);
    expect(await use(token)).toBe("ok");
    expect(await use(token, { count: 6 })).toBe("not-authorized");
  });

  test("takes a count once, even at the same time", async () => {
    const token = await issue();
    const answers = await Promise.all([1, 1, 1].map((count) => use(token, { count })));
    expect(answers).toEqual(["ok", "not-authorized", "not-authorized"]);
  });

  test("keeps the old token until the new one is used, and then no longer (section 3.5)", async () => {
    const old = await issue();
    expect(await use(old)).toBe("ok");
    const next = await issue();
    expect(await use(old)).toBe("ok");
    expect(await use(next)).toBe("ok");
    expect(await use(old)).toBe("not-authorized");
    expect(await use(next)).toBe("ok");
  });

  test("forgets a new token that was never used when the next is given", async () => {
    const unused = await issue();
    const next = await issue();
    expect(await use(unused)).toBe("not-authorized");
    expect(await use(next)).toBe("ok");
  });

  test("rotates a token that is bound to its connection when it was given a day ago or more", async () => {
    const owner = { ...OWNER, mechanism: "HT-SHA-256-EXPR" };
    const token = await issue(owner);
    await use(token, {}, owner);
    now += DAY - 1;
    expect(await tokens.rotate(owner)).toBeUndefined();
    now += 1;
    const next = (await tokens.rotate(owner))!;
    now += DAY;
    expect(await use(token, {}, owner)).toBe("ok");
    expect(await use(next.token, {}, owner)).toBe("ok");
  });

  test.each(["HT-SHA-256-NONE", "HT-SHA-256-ENDP"])(
    "rotates a token of %s at each use, since it can be used again by others; the old one is good for a while",
    async (mechanism) => {
      const owner = { ...OWNER, mechanism };
      const token = await issue(owner);
      expect(await use(token, { count: 1 }, owner)).toBe("ok");
      const unused = (await tokens.rotate(owner))!;
      now += 600_000 - 1;
      expect(await use(token, { count: 2 }, owner)).toBe("ok");
      const next = (await tokens.rotate(owner))!;
      expect(await use(unused.token, {}, owner)).toBe("not-authorized");
      now += 1;
      expect(await use(token, { count: 3 }, owner)).toBe("credentials-expired");
      expect(await use(next.token, {}, owner)).toBe("ok");
      expect(await use(token, { count: 4 }, owner)).toBe("not-authorized");
    },
  );

  test("forgets the client's tokens when it invalidates one (section 3.6)", async () => {
    const token = await issue();
    await use(token);
    await issue();
    expect(await use(token, { invalidate: true })).toBe("ok");
    expect(await use(token)).toBe("not-authorized");
    expect(documents.kept.size).toBe(0);
  });

  test("does not invalidate without proof", async () => {
    const token = await issue();
    expect(await use("x", { invalidate: true })).toBe("not-authorized");
    expect(await use(token)).toBe("ok");
  });

  test("goes on after a store that failed", async () => {
    documents.fault = new Error("disk full");
    await expect(issue()).rejects.toThrow("disk full");
    documents.fault = undefined;
    expect(await use(await issue())).toBe("ok");
  });

  test("keeps 50 clients of an account, and those no longer whose tokens have expired", async () => {
    const clients = Array.from({ length: 51 }, (_, i) => ({ ...OWNER, client: `client-${i}` }));
    const given: string[] = [];
    for (const owner of clients) {
      now += 1;
      given.push(await issue(owner));
    }
    expect(documents.kept.size).toBe(50);
    expect(await use(given[0]!, {}, clients[0])).toBe("not-authorized");
    expect(await use(given[1]!, {}, clients[1])).toBe("ok");
    now += 21 * DAY;
    await issue();
    expect(documents.kept.size).toBe(1);
  });
});
