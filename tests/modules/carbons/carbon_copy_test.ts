import { describe, expect, test } from "bun:test";
import { type CarbonDirection, carbonCopy, carbonEligible } from "../../../modules/carbons/carbon_copy.ts";
import { Jid } from "../../../xmpp/jid.ts";
import { Stanza } from "../../../xmpp/stanza.ts";

const BODY = "<body>hi</body>";
const RECEIPT = '<received xmlns="urn:xmpp:receipts" id="1"/>';
const STATE = '<composing xmlns="http://jabber.org/protocol/chatstates"/>';
const MARKER = '<displayed xmlns="urn:xmpp:chat-markers:0" id="1"/>';
const ROOM = '<x xmlns="http://jabber.org/protocol/muc#user"/>';
const INVITE = '<x xmlns="http://jabber.org/protocol/muc#user"><invite to="a@b"/></x>';
const DIRECT = '<x xmlns="jabber:x:conference" jid="r@c"/>';
const ERROR = '<error type="cancel"><gone xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error>';

function message(type: string, inner: string, from = "romeo@montague.lit/garden"): Stanza {
  return Stanza.parse(`<message from="${from}" to="juliet@capulet.lit"${type && ` type="${type}"`}>${inner}</message>`);
}

describe("carbonEligible() (XEP-0280 6.1)", () => {
  test.each([
    ["chat", BODY, "received", true],
    ["chat", "", "received", true],
    ["", BODY, "received", true],
    ["normal", BODY, "sent", true],
    ["normal", "<subject>x</subject>", "sent", false],
    ["normal", RECEIPT, "received", true],
    ["normal", STATE, "received", true],
    ["normal", MARKER, "sent", true],
    ["error", ERROR, "received", true],
    ["groupchat", BODY, "received", false],
    ["headline", BODY, "received", false],
    ["normal", DIRECT, "received", true],
    ["normal", INVITE, "received", true],
    ["chat", BODY + ROOM, "sent", true],
    ["chat", BODY + ROOM, "received", false],
    ["chat", BODY + INVITE, "received", true],
    ["chat", `${BODY}<private xmlns="urn:xmpp:carbons:2"/>`, "sent", false],
    ["chat", `${BODY}<private/>`, "sent", true],
    ["chat", `${BODY}<no-copy xmlns="urn:xmpp:hints"/>`, "sent", false],
    ["error", `${ERROR}<no-copy xmlns="urn:xmpp:hints"/>`, "sent", true],
    ["chat", '<sent xmlns="urn:xmpp:carbons:2"/>', "received", false],
  ] as [string, string, CarbonDirection, boolean][])("type=%p %s %s: %p", (type, inner, direction, expected) => {
    expect(carbonEligible(message(type, inner), direction)).toBe(expected);
  });

  test.each([
    ["capulet.lit", false],
    ["romeo@montague.lit/garden", true],
  ])("an AMP event is not copied, but only a server sends one: from %s, %p", (from, expected) => {
    const event = message("chat", '<amp xmlns="http://jabber.org/protocol/amp" status="notify"/>', from);
    expect(carbonEligible(event, "received")).toBe(expected);
  });

  test("only messages are copied", () => {
    expect(carbonEligible(Stanza.parse('<presence type="chat"/>'), "sent")).toBe(false);
  });
});

describe("carbonCopy() (XEP-0280 7 and 8)", () => {
  test.each(["sent", "received"] as const)("wraps what was %s, without AMP rules", (direction) => {
    const original = message("chat", `${BODY}<amp xmlns="http://jabber.org/protocol/amp"><rule/></amp>`);
    expect(String(carbonCopy(original, direction, Jid.parse("juliet@capulet.lit/balcony")))).toBe(
      '<message xmlns="jabber:client" from="juliet@capulet.lit" to="juliet@capulet.lit/balcony" type="chat">' +
        `<${direction} xmlns="urn:xmpp:carbons:2"><forwarded xmlns="urn:xmpp:forward:0">` +
        '<message xmlns="jabber:client" from="romeo@montague.lit/garden" to="juliet@capulet.lit" type="chat">' +
        `<body>hi</body></message></forwarded></${direction}></message>`,
    );
  });
});
