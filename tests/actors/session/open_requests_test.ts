import { describe, expect, test } from "bun:test";
import { OpenRequests, wantsAnswer } from "../../../actors/session/open_requests.ts";
import { Jid } from "../../../xmpp/jid.ts";
import { Stanza } from "../../../xmpp/stanza.ts";

const juliet = Jid.parse("juliet@localhost/balcony");
const request = (id: string, from = "romeo@localhost/orchard") =>
  Stanza.build("iq", { from: Jid.parse(from), to: juliet, id, type: "get" }, "<x xmlns='urn:x'/>");
const answer = (id: string, to = "romeo@localhost/orchard") =>
  Stanza.build("iq", { from: juliet, to: Jid.parse(to), id, type: "result" });
const idsOf = (errors: readonly Stanza[]) => errors.map(({ id, type, from }) => `${id} ${type} ${from}`);

describe("OpenRequests", () => {
  test("take() answers what is open, once, by address and id", () => {
    const open = new OpenRequests();
    for (const id of ["a", "b", "c"]) open.add(request(id));
    open.answered(answer("b"));
    open.answered(answer("c", "romeo@localhost/street"));
    expect(idsOf(open.take())).toEqual(["a error juliet@localhost/balcony", "c error juliet@localhost/balcony"]);
    expect(open.take()).toEqual([]);
  });

  test("keeps so many at most, and so much text, and forgets the oldest", () => {
    const open = new OpenRequests();
    for (let id = 0; id < 1000; id++) open.add(request(String(id)));
    const kept = open.take();
    expect(kept.length).toBe(256);
    expect(kept.at(-1)?.id).toBe("999");
    for (let id = 0; id < 100; id++) open.add(request(`${id}${"x".repeat(10_000)}`));
    expect(open.take().length).toBe(6);
  });
});

describe("wantsAnswer()", () => {
  test.each([
    ["somebody's client", request("1"), true],
    ["somebody's account", request("1", "romeo@localhost"), true],
    ["another own resource", request("1", "juliet@localhost/chamber"), true],
    ["the own account: a roster push", request("1", "juliet@localhost"), false],
    ["an answer", answer("1"), false],
  ])("to %s", (_, stanza, expected) => {
    expect(wantsAnswer(stanza, juliet)).toBe(expected);
  });
});
