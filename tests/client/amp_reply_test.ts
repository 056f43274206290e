import { describe, expect, test } from "bun:test";
import { failedRules, notice, refusal } from "../../amp/reply.ts";
import type { Rule } from "../../amp/rule.ts";
import { readReply } from "../../client/amp_reply.ts";
import type { ReplyElement } from "../../client/reply_element.ts";
import { Jid } from "../../xmpp/jid.ts";
import { Element } from "../../xmpp/xml/element.ts";

const RULE: Rule = { condition: "deliver", value: "stored", action: "notify" };
const ADDRESS = {
  domain: Jid.parse("localhost"),
  sender: Jid.parse("juliet@localhost/balcony"),
  recipient: Jid.parse("romeo@localhost"),
  id: "m1",
};
const ERROR = '<error type="cancel"><service-unavailable xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/>';

const read = (text: string) => readReply(replyElement(Element.parse(text)));
const message = (attributes: string, inner: string) =>
  `<message xmlns="jabber:client" id="m1" from="localhost" ${attributes}>${inner}</message>`;
const amp = (attributes: string, inner = '<rule condition="deliver" value="stored" action="notify"/>') =>
  `<amp xmlns="http://jabber.org/protocol/amp" ${attributes}>${inner}</amp>`;

function replyElement({ name, ns, attributes, elements, text }: Element): ReplyElement {
  return { name, ns, attributes, children: elements.map(replyElement), text };
}

describe("readReply()", () => {
  test("reads what the server writes", () => {
    expect(read(notice("notify", RULE, ADDRESS).toString())).toEqual({
      id: "m1",
      from: "localhost",
      outcome: { kind: "notified", rule: RULE },
    });
    expect(read(notice("alert", RULE, ADDRESS).toString())?.outcome).toEqual({ kind: "alert", rule: RULE });
    expect(read(failedRules([RULE, RULE], ADDRESS).toString())?.outcome).toEqual({
      kind: "error",
      condition: "undefined-condition",
      rules: [RULE, RULE],
      text: "A rule of the message was met that asks for an error.",
    });
  });

  test.each([
    ["invalid-rules", "not-acceptable"],
    ["unsupported-actions", "bad-request"],
    ["unsupported-conditions", "bad-request"],
  ] as const)("reads the refusal %s", (kind, condition) => {
    expect(read(refusal({ kind, rules: [RULE] }, ADDRESS).toString())?.outcome).toEqual({
      kind: "refused",
      condition,
      faults: [{ kind, rules: [RULE] }],
      text: expect.stringContaining("rules"),
    });
  });

  test("reads an error that has nothing to do with a rule", () => {
    const text = '<text xmlns="urn:ietf:params:xml:ns:xmpp-stanzas">gone</text>';
    expect(read(message('type="error"', `${ERROR}${text}</error>`))?.outcome).toEqual({
      kind: "error",
      condition: "service-unavailable",
      rules: [],
      text: "gone",
    });
  });

  test.each([
    ["a message without amp", message("", "<body>hi</body>")],
    ["amp without status, which is a request", message("", amp(""))],
    ["amp in another namespace", message("", amp('status="notify"').replace("protocol/amp", "protocol/map"))],
    ["amp without a rule", message("", amp('status="notify"', ""))],
    ["an event without an id", message("", amp('status="notify"')).replace('id="m1"', "")],
    ["an error without <error/>", message('type="error"', amp('status="error"'))],
  ])("passes over %s", (_, text) => {
    expect(read(text)).toBeUndefined();
  });
});
