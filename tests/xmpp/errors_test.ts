import { describe, expect, test } from "bun:test";
import { SaslError, StanzaError, type StanzaErrorCondition, StreamError } from "../../xmpp/errors.ts";
import { Element } from "../../xmpp/xml/element.ts";
import { xml } from "../../xmpp/xml/xml.ts";

// RFC 6120 section 8.3.3 and XEP-0086 section 3.
const TYPES: [StanzaErrorCondition, string, number][] = [
  ["bad-request", "modify", 400],
  ["conflict", "cancel", 409],
  ["feature-not-implemented", "cancel", 501],
  ["forbidden", "auth", 403],
  ["gone", "cancel", 302],
  ["internal-server-error", "cancel", 500],
  ["item-not-found", "cancel", 404],
  ["jid-malformed", "modify", 400],
  ["not-acceptable", "modify", 406],
  ["not-allowed", "cancel", 405],
  ["not-authorized", "auth", 401],
  ["policy-violation", "modify", 406],
  ["recipient-unavailable", "wait", 404],
  ["redirect", "modify", 302],
  ["registration-required", "auth", 407],
  ["remote-server-not-found", "cancel", 404],
  ["remote-server-timeout", "wait", 504],
  ["resource-constraint", "wait", 500],
  ["service-unavailable", "cancel", 503],
  ["subscription-required", "auth", 407],
  ["undefined-condition", "cancel", 500],
  ["unexpected-request", "wait", 400],
];

describe("StanzaError", () => {
  test.each(TYPES)("%s has type %s and code %d", (condition, type, code) => {
    const error = new StanzaError(condition);
    expect([error.type, error.code]).toEqual([type as typeof error.type, code]);
    const element = Element.parse(error.toMarkup().text, "jabber:client");
    expect(element.attributes).toEqual({ code: String(code), type });
    expect(element.child(condition, "urn:ietf:params:xml:ns:xmpp-stanzas")).toBeDefined();
    const text = element.child("text", "urn:ietf:params:xml:ns:xmpp-stanzas");
    expect(text?.text).toMatch(/^[A-Z].*\.$/);
  });

  test("toMarkup() carries text and the application condition", () => {
    const error = new StanzaError("undefined-condition", {
      type: "modify",
      text: "a < b",
      application: xml`<failed-rules xmlns="http://jabber.org/protocol/amp#errors"/>`,
    });
    expect(error.toMarkup().text).toBe(
      `<error code="500" type="modify"><undefined-condition xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/>` +
        `<text xmlns="urn:ietf:params:xml:ns:xmpp-stanzas" xml:lang="en">a &lt; b</text>` +
        `<failed-rules xmlns="http://jabber.org/protocol/amp#errors"/></error>`,
    );
  });
});

test("StreamError.toMarkup() declares its prefix", () => {
  expect(new StreamError("see-other-host", { seeOtherHost: "[::1]:5222", text: "moved" }).toMarkup().text).toBe(
    `<stream:error xmlns:stream="http://etherx.jabber.org/streams">` +
      `<see-other-host xmlns="urn:ietf:params:xml:ns:xmpp-streams">[::1]:5222</see-other-host>` +
      `<text xmlns="urn:ietf:params:xml:ns:xmpp-streams" xml:lang="en">moved</text></stream:error>`,
  );
  expect(new StreamError("reset", { application: xml`<a xmlns="urn:a"/>` }).toMarkup().text).toBe(
    `<stream:error xmlns:stream="http://etherx.jabber.org/streams">` +
      `<reset xmlns="urn:ietf:params:xml:ns:xmpp-streams"/><a xmlns="urn:a"/></stream:error>`,
  );
});

test("SaslError.toMarkup() writes a failure", () => {
  expect(new SaslError("not-authorized").toMarkup().text).toBe(
    `<failure xmlns="urn:ietf:params:xml:ns:xmpp-sasl"><not-authorized/></failure>`,
  );
  expect(new SaslError("aborted", "bye").toMarkup().text).toBe(
    `<failure xmlns="urn:ietf:params:xml:ns:xmpp-sasl"><aborted/><text xml:lang="en">bye</text></failure>`,
  );
});
