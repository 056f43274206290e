import { describe, expect, test } from "bun:test";
import { ClientState } from "../../../actors/session/client_state.ts";
import { Jid } from "../../../xmpp/jid.ts";
import { Stanza } from "../../../xmpp/stanza.ts";

const parse = (text: string) => Stanza.parse(text.replace(" ", ` xmlns="jabber:client" `));
const presence = (from: string, inner = "") => parse(`<presence from="${from}">${inner}</presence>`);
const chatState = (from: string, state: string) =>
  parse(`<message from="${from}"><${state} xmlns="http://jabber.org/protocol/chatstates"/></message>`);

describe("ClientState", () => {
  test.each([
    ["presence", presence("a@x/1"), true],
    ["unavailable presence", parse(`<presence from="a@x/1" type="unavailable"/>`), true],
    ["a chat state on its own", chatState("a@x/1", "composing"), true],
    ["a chat state with a thread", parse(`<message from="a@x"><thread>t</thread></message>`), true],
    ["a subscription request", parse(`<presence from="a@x" type="subscribe"/>`), false],
    ["presence in a room", presence("r@x/1", `<x xmlns="http://jabber.org/protocol/muc#user"/>`), false],
    ["a message", parse(`<message from="a@x/1"><body>hi</body></message>`), false],
    ["an error", parse(`<message from="a@x/1" type="error"><thread>t</thread></message>`), false],
    ["a message without content", parse(`<message from="a@x/1"></message>`), false],
    ["an iq", parse(`<iq from="a@x/1" type="get" id="1"><ping xmlns="urn:xmpp:ping"/></iq>`), false],
  ])("%s: held is %#", (_, stanza, isHeld) => {
    expect(new ClientState().holds(stanza)).toBe(isHeld);
  });

  test("keeps the latest of each sender, in the order in which they came last", () => {
    const state = new ClientState();
    state.holds(presence("a@x/1", "<show>away</show>"));
    state.holds(presence("b@x/1"));
    state.holds(chatState("a@x/1", "composing"));
    state.holds(presence("a@x/1", "<show>dnd</show>"));
    state.holds(chatState("a@x/1", "paused"));
    const held = state.take().map((stanza) => `${stanza.from} ${stanza.inner.match(/dnd|paused/) ?? ""}`.trim());
    expect(held).toEqual(["b@x/1", "a@x/1 dnd", "a@x/1 paused"]);
    expect(state.hasHeld).toBe(false);
  });

  test("is full before it holds without bound", () => {
    const state = new ClientState();
    let count = 0;
    while (!state.full && count < 10_000) state.holds(presence(`u${count++}@x/1`));
    expect(count).toBe(200);
    expect(state.take()).toHaveLength(200);
    expect(state.full).toBe(false);
  });

  test("is full before it holds very much text, of which what it has let go does not count", () => {
    const state = new ClientState();
    const long = presence("u@x/1", "x".repeat(300_000));
    state.holds(long);
    state.holds(long);
    expect(state.full).toBe(false);
    state.holds(long.readdress({ from: Jid.parse("u@x/2") }));
    expect(state.full).toBe(true);
    state.take();
    expect(state.full).toBe(false);
  });
});
