import { describe, expect, test } from "bun:test";
import { lastActivity } from "../../modules/last_activity.ts";
import type { UserRecord } from "../../store/store.ts";
import { BALCONY, FakeContext, type FakeOptions, item, NOW, ROMEO, resource } from "./fake_context.ts";

const QUERY = '<query xmlns="jabber:iq:last"/>';
const FRIEND = { roster: [item("romeo@montague.lit", { subscription: "from" })] };
const AWAY = { resources: [resource(BALCONY, { available: false })] };
const seconds = (value: number, status = "") => `<query xmlns="jabber:iq:last" seconds="${value}">${status}</query>`;

function account(options: FakeOptions, status?: string): FakeContext {
  const lastly = status === undefined ? undefined : { at: NOW - 903_400, status };
  return new FakeContext({
    modules: [lastActivity],
    store: { user: async () => ({ lastActivity: lastly }) as unknown as UserRecord },
    ...options,
  });
}

describe("last activity (XEP-0012)", () => {
  test.each([
    ["4 somebody is there", FRIEND, "", seconds(0)],
    ["4 since logout, with the last status", { ...FRIEND, ...AWAY }, "Heading Home", seconds(903, "Heading Home")],
    ["4 never there", { ...FRIEND, ...AWAY }, undefined, "error item-not-found cancel"],
    ["4 a stranger", AWAY, "x", "error forbidden auth"],
    ["4 no such account", { ...FRIEND, exists: false }, "x", "error forbidden auth"],
  ])("%s", async (_clause, options, status, expected) => {
    expect(await account(options, status).ask(QUERY, { from: ROMEO })).toBe(expected);
  });

  test("5 the domain tells its uptime", async () => {
    expect(await account({}).askServer(QUERY, { from: ROMEO })).toMatch(
      /^<query xmlns="jabber:iq:last" seconds="\d+">/,
    );
  });
});
