import { describe, expect, test } from "bun:test";
import { privateXml } from "../../modules/private_xml.ts";
import { FakeContext, ROMEO } from "./fake_context.ts";
import { fakeDocuments } from "./fake_documents.ts";

const account = () => new FakeContext({ modules: [privateXml], store: fakeDocuments() });
const query = (inner: string) => `<query xmlns="jabber:iq:private">${inner}</query>`;
const PREFS = '<exodus xmlns="exodus:prefs"><nick>Hamlet</nick></exodus>';

describe("private XML (XEP-0049)", () => {
  test("3 gives back what was stored", async () => {
    const context = account();
    expect(await context.ask(query(PREFS), { type: "set" })).toBe("");
    expect(await context.ask(query('<exodus xmlns="exodus:prefs"/>'))).toBe(query(PREFS));
    expect(await context.ask(query('<exodus xmlns="exodus:other"/>'))).toBe(query('<exodus xmlns="exodus:other"/>'));
  });

  test.each([
    ["get", "nothing", "", "error bad-request modify"],
    ["get", "two elements", '<a xmlns="x:a"/><b xmlns="x:b"/>', "error bad-request modify"],
    ["get", "a reserved namespace", '<a xmlns="jabber:iq:roster"/>', "error not-acceptable modify"],
    ["set", "nothing", "", "error bad-request modify"],
    ["set", "a reserved namespace", '<vCard xmlns="vcard-temp"/>', "error not-acceptable modify"],
    ["set", "the namespace of the request", "<a/>", "error not-acceptable modify"],
    ["set", "too much", `<a xmlns="x:a">${"x".repeat(100_000)}</a>`, "error not-acceptable modify"],
  ])("4 %s of %s", async (type, _what, inner, expected) => {
    expect(await account().ask(query(inner), { type })).toBe(expected);
  });

  test.each(["get", "set"])("4 a stranger's %s is forbidden", async (type) => {
    const context = account();
    expect(await context.ask(query(PREFS), { type, from: ROMEO })).toBe("error forbidden auth");
    expect(context.deeds).toEqual([]);
  });
});
