import { describe, expect, test } from "bun:test";
import { carbons } from "../../modules/carbons.ts";
import { FakeContext, ROMEO } from "./fake_context.ts";

const request = (name: string) => `<${name} xmlns="urn:xmpp:carbons:2"/>`;

describe("carbons (XEP-0280)", () => {
  test.each([
    ["4 enable", "enable", true],
    ["5 disable", "disable", false],
  ])("%s", async (_clause, name, on) => {
    const context = new FakeContext({ modules: [carbons] });
    expect(await context.ask(request(name), { type: "set" })).toBe("");
    expect(context.done("mark")).toEqual([["chamber", "carbons", on]]);
  });

  test.each(["enable", "disable"])("4.1, 5.1 a stranger may not %s", async (name) => {
    const context = new FakeContext({ modules: [carbons] });
    expect(await context.ask(request(name), { type: "set", from: ROMEO })).toBe("error not-allowed cancel");
    expect(context.deeds).toEqual([]);
  });

  test("a get is no request of this protocol", async () => {
    const context = new FakeContext({ modules: [carbons] });
    expect(await context.ask(request("enable"))).toBe("error service-unavailable cancel");
  });
});
