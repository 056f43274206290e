import { describe, expect, test } from "bun:test";
import { register } from "../../modules/register.ts";
import type { AsyncStore, UserRecord } from "../../store/store.ts";
import { StanzaError } from "../../xmpp/errors.ts";
import { FakeContext, type FakeOptions, item, NOW, ROMEO } from "./fake_context.ts";

const query = (inner: string) => `<query xmlns="jabber:iq:register">${inner}</query>`;
const account = (username: string, password: string) =>
  query(`<username>${username}</username><password>${password}</password>`);

const store: Partial<AsyncStore> = {
  credentials: async (name) => (name === "juliet@capulet.lit" ? {} : undefined),
  createAccount: async (name) => name !== "late@capulet.lit",
  setCredentials: async () => true,
  removeAccount: async () => true,
  user: async () =>
    ({
      roster: [
        item("a@b", { subscription: "both" }),
        item("c@d", { subscription: "from" }),
        item("e@f", { subscription: "none", ask: true }),
        item("g@h"),
      ],
      requests: [{ from: "i@j", text: "<presence/>" }],
    }) as unknown as UserRecord,
};

const server = (options: FakeOptions = {}) => new FakeContext({ modules: [register], store, ...options });
const CLOSED = { settings: { registration: "closed" } } as const;

describe("registration before authentication (XEP-0077 3.1)", () => {
  test("tells which fields it wants", async () => {
    const answer = await server().askPreAuth(query(""));
    expect(answer).toContain("<username/><password/>");
  });

  test.each([
    ["a new account, without the form before", account("nurse", "secret"), ""],
    ["an account that exists", account("juliet", "secret"), "error conflict cancel"],
    ["an account in another case", account("JULIET", "secret"), "error conflict cancel"],
    ["an account that somebody else has just made", account("late", "secret"), "error conflict cancel"],
    ["no username", query("<password>x</password>"), "error not-acceptable modify"],
    ["an empty username", account("", "secret"), "error not-acceptable modify"],
    ["no password", query("<username>x</username>"), "error not-acceptable modify"],
    ["an empty password", account("nurse", ""), "error not-acceptable modify"],
    ["a password that SASLprep refuses", account("nurse", "a\u06ff\u0041\u0627"), "error not-acceptable modify"],
    ["a username with a space", account("the nurse", "secret"), "error not-acceptable modify"],
    ["a whole JID", account("nurse@elsewhere.lit", "secret"), "error not-acceptable modify"],
    ["a slash", account("evil.lit/x", "secret"), "error not-acceptable modify"],
  ])("%s", async (_what, request, expected) => {
    expect(await server().askPreAuth(request, "set")).toBe(expected);
  });

  test("stores keys, never the password", async () => {
    const context = server();
    await context.askPreAuth(account("Nurse", "secret"), "set");
    const [, created] = context.done("store");
    expect(created?.slice(0, 2)).toEqual(["createAccount", "nurse@capulet.lit"]);
    expect(Object.keys(created?.[2] as object)).toContain("SHA-256");
    expect(created?.[3]).toBe(NOW);
    expect(JSON.stringify(context.deeds)).not.toContain("secret");
  });

  test.each(["get", "set"])("a closed server refuses a %s", async (type) => {
    const context = server(CLOSED);
    expect(await context.askPreAuth(account("nurse", "secret"), type)).toBe("error not-allowed cancel");
    expect(context.deeds).toEqual([]);
  });

  test("counts registrations of an address before anything costly", async () => {
    const context = server();
    context.countRegistration = () => {
      throw new StanzaError("resource-constraint");
    };
    expect(await context.askPreAuth(account("nurse", "secret"), "set")).toBe("error resource-constraint wait");
    expect(context.deeds).toEqual([]);
  });

  test.each([
    ["open", true, true],
    ["open", false, true],
    ["local", true, true],
    ["local", false, false],
    ["closed", true, false],
  ] as const)("%s, to a client for which it is %p that it is local: %p", async (registration, local, accepted) => {
    const context = server({ settings: { registration } });
    context.local = local;
    const refusal = accepted ? "" : "error not-allowed cancel";
    expect(await context.askPreAuth(account("nurse", "secret"), "set")).toBe(refusal);
    expect(context.registry.streamFeatures("auth", local)).toHaveLength(accepted ? 1 : 0);
  });

  test.each([
    ["admin"],
    ["Postmaster"],
    ["capulet.lit"],
    ["capulet"],
    ["\u0430lice"],
    ["\u0430\u0441\u0435"],
    ["\u03bf\u03bd"],
    ["juliet\u03b1"],
    ["\u16a0\u16a1"],
  ])("no stranger becomes %s", async (name) => {
    const context = server();
    expect(await context.askPreAuth(account(name, "secret"), "set")).toBe("error not-acceptable modify");
    expect(context.deeds).toEqual([]);
  });

  test.each([
    ["nurse.2"],
    ["adm1n-of-none"],
    ["j\u00fcrgen"],
    ["\u0436\u0435\u043d\u044f"],
    ["\u03b3\u03b9\u03ce\u03c1\u03b3\u03bf\u03c2"],
    ["\u5c71\u7530\u3055\u3093"],
    ["\uae40"],
  ])("a stranger becomes %s", async (name) => {
    expect(await server().askPreAuth(account(name, "secret"), "set")).toBe("");
  });

  test("is announced only where it is open", () => {
    expect(server().registry.streamFeatures("auth").map(String)).toEqual([
      '<register xmlns="http://jabber.org/features/iq-register"/>',
    ]);
    expect(server(CLOSED).registry.streamFeatures("auth")).toEqual([]);
    expect(server().registry.streamFeatures("bind")).toEqual([]);
  });
});

describe.each(["ask", "askServer"] as const)(
  "registration of a logged-in user, to the account or the domain: %s",
  (ask) => {
    test.each([
      ["3.1 get", "get", query(""), query("<registered/><username>juliet</username><password/>")],
      ["3.3 a new password", "set", account("juliet", "new"), ""],
      ["3.3 no username", "set", query("<password>new</password>"), "error bad-request modify"],
      ["3.3 an empty password", "set", account("juliet", ""), "error bad-request modify"],
      ["3.3 somebody else's password", "set", account("nurse", "new"), "error not-allowed cancel"],
      ["3.2 remove", "set", query("<remove/>"), ""],
      ["3.2 remove and more", "set", query("<remove/><username>juliet</username>"), "error bad-request modify"],
    ])("%s", async (_clause, type, request, expected) => {
      expect(await server()[ask](request, { type })).toBe(expected);
    });

    test("3.3 one password at a time, since each is dear", async () => {
      const context = server();
      const set = { type: "set" };
      const all = Promise.all(["a", "b", "c"].map((password) => context[ask](account("juliet", password), set)));
      expect(await all).toEqual(["", "error resource-constraint wait", "error resource-constraint wait"]);
      expect(await context[ask](account("juliet", "d"), set)).toBe("");
    });

    test("3.2 the end of an account ends its subscriptions and its streams", async () => {
      const context = server();
      await context[ask](query("<remove/>"), { type: "set" });
      const told = context.done("route").map(([text]) => /to="([^"]*)" type="([^"]*)"/.exec(String(text))?.slice(1));
      expect(told).toEqual([
        ["a@b", "unsubscribed"],
        ["a@b", "unsubscribe"],
        ["c@d", "unsubscribed"],
        ["e@f", "unsubscribe"],
        ["i@j", "unsubscribed"],
      ]);
      expect(context.deeds.at(-1)).toEqual(["endAccount", "juliet@capulet.lit"]);
    });

    test("a user of elsewhere has nothing to change", async () => {
      const context = server();
      const answer = await context[ask](query("<remove/>"), { type: "set", from: ROMEO });
      expect(answer).toStartWith("error ");
      expect(context.deeds).toEqual([]);
    });
  },
);
