import { describe, expect, test } from "bun:test";
import { roster } from "../../modules/roster.ts";
import { FakeContext, type FakeOptions, item, ROMEO } from "./fake_context.ts";

const NURSE = item("nurse@capulet.lit", { name: "Nurse & friend", subscription: "both", groups: ["Servants"] });
const WAITING = item("romeo@montague.lit", { ask: true, approved: true });

function account(options: FakeOptions = {}): FakeContext {
  return new FakeContext({ modules: [roster], roster: [NURSE, WAITING], rosterVersion: 7, ...options });
}

const query = (inner: string, ver = "") => `<query xmlns="jabber:iq:roster"${ver}>${inner}</query>`;

const WHOLE = query(
  '<item jid="nurse@capulet.lit" subscription="both" name="Nurse &amp; friend"><group>Servants</group></item>' +
    '<item jid="romeo@montague.lit" subscription="none" ask="subscribe" approved="true"></item>',
  ' ver="7"',
);

describe("roster get", () => {
  test.each([
    ["2.1.3 all items", query(""), WHOLE],
    ["2.6.2 another version", query("", ' ver="6"'), WHOLE],
    ["2.6.2 no version yet", query("", ' ver=""'), WHOLE],
    ["2.6.2 the current version", query("", ' ver="7"'), ""],
    ["2.1.3 no item in a get", query('<item jid="a@b"/>'), "error bad-request modify"],
  ])("%s", async (_clause, request, expected) => {
    expect(await account().ask(request)).toBe(expected);
  });

  test("makes the resource interested (2.2)", async () => {
    const context = account();
    await context.ask(query("", ' ver="7"'));
    expect(context.done("mark")).toEqual([["chamber", "roster", true]]);
  });

  test("refuses a stranger, whether the account exists or not", async () => {
    expect(await account().ask(query(""), { from: ROMEO })).toBe("error forbidden auth");
    expect(await account({ exists: false }).ask(query(""), { from: ROMEO })).toBe("error forbidden auth");
  });
});

describe("roster set", () => {
  const long = "x".repeat(1024);
  test.each([
    ["2.3.3 no item", "", "error bad-request modify"],
    ["2.3.3 two items", '<item jid="a@b"/><item jid="c@d"/>', "error bad-request modify"],
    ["2.1.2.3 no jid", "<item/>", "error bad-request modify"],
    ["2.1.2.3 a bad jid", '<item jid="@b"/>', "error bad-request modify"],
    [
      "2.3.3 the same group twice",
      '<item jid="a@b"><group>x</group><group>x</group></item>',
      "error bad-request modify",
    ],
    ["2.3.3 a name too long", `<item jid="a@b" name="${long}"/>`, "error not-acceptable modify"],
    ["2.3.3 an empty group", '<item jid="a@b"><group/></item>', "error not-acceptable modify"],
    [
      "2.3.3 groups too long together",
      `<item jid="a@b">${Array.from({ length: 11 }, (_, n) => `<group>${n}${"x".repeat(1000)}</group>`).join("")}</item>`,
      "error not-acceptable modify",
    ],
    ["2.3.3 a group too long", `<item jid="a@b"><group>${long}</group></item>`, "error not-acceptable modify"],
    ["2.5.3 removing what is not there", '<item jid="a@b" subscription="remove"/>', "error item-not-found cancel"],
    ["2.3.1 a new item", '<item jid="a@b"/>', ""],
  ])("%s", async (_clause, inner, expected) => {
    expect(await account().ask(query(inner), { type: "set" })).toBe(expected);
  });

  test("stores a new item (2.3.2)", async () => {
    const context = account();
    await context.ask(query('<item jid="A@b/c" name="N" subscription="both"><group>G</group></item>'), { type: "set" });
    // 2.1.2.5: the client cannot set the subscription.
    expect(context.done("putRosterItem")).toEqual([[item("a@b", { name: "N", groups: ["G"] })]]);
  });

  test("keeps the subscription of a known item (2.4.2)", async () => {
    const context = account();
    await context.ask(query('<item jid="romeo@montague.lit" name="R"/>'), { type: "set" });
    expect(context.done("putRosterItem")).toEqual([[{ ...WAITING, name: "R" }]]);
  });

  test("removes an item (2.5.2)", async () => {
    const context = account();
    await context.ask(query('<item jid="nurse@capulet.lit" subscription="remove"/>'), { type: "set" });
    expect(context.done("removeRosterItem")).toEqual([["nurse@capulet.lit"]]);
  });

  test("refuses a stranger (2.3.3)", async () => {
    const context = account();
    expect(await context.ask(query('<item jid="a@b"/>'), { type: "set", from: ROMEO })).toBe("error forbidden auth");
    expect(context.deeds).toEqual([]);
  });

  test("refuses an item beyond the limit, but changes those within", async () => {
    const context = account({ settings: { rosterItems: 2 } });
    expect(await context.ask(query('<item jid="a@b"/>'), { type: "set" })).toBe("error resource-constraint wait");
    expect(await context.ask(query('<item jid="nurse@capulet.lit"/>'), { type: "set" })).toBe("");
  });
});
