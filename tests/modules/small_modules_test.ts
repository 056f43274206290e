import { describe, expect, test } from "bun:test";
import { AMP_FEATURES } from "../../amp/discovery.ts";
import { amp } from "../../modules/amp.ts";
import { disco } from "../../modules/disco.ts";
import { legacySession } from "../../modules/legacy_session.ts";
import { ping } from "../../modules/ping.ts";
import { time } from "../../modules/time.ts";
import { version } from "../../modules/version.ts";
import { FakeContext, ROMEO } from "./fake_context.ts";

const context = () => new FakeContext({ modules: [disco, amp, ping, legacySession, time, version] });
const PING = '<ping xmlns="urn:xmpp:ping"/>';
const SESSION = '<session xmlns="urn:ietf:params:xml:ns:xmpp-session"/>';

describe("modules that only answer", () => {
  test.each([
    ["XEP-0199 4.2 ping", "get", PING, ""],
    ["XEP-0199 a set is no ping", "set", PING, "error service-unavailable cancel"],
    ["RFC 3921 3 session", "set", SESSION, ""],
    [
      "XEP-0092 3 version",
      "get",
      '<query xmlns="jabber:iq:version"/>',
      '<query xmlns="jabber:iq:version"><name>ampact</name><version>0.1.0</version></query>',
    ],
    [
      "XEP-0202 3 time",
      "get",
      '<time xmlns="urn:xmpp:time"/>',
      '<time xmlns="urn:xmpp:time"><tzo>+00:00</tzo><utc>2026-11-22T14:00:00.000Z</utc></time>',
    ],
  ])("%s", async (_clause, type, request, expected) => {
    expect(await context().askServer(request, { type })).toBe(expected);
  });

  test.each([
    ["get", PING],
    ["set", SESSION],
  ])("the owner asks the own account: %s %s", async (type, request) => {
    expect(await context().ask(request, { type })).toBe("");
    expect(await context().ask(request, { type, from: ROMEO })).toBe("error service-unavailable cancel");
  });
});

describe("AMP discovery (XEP-0079 2.1.1)", () => {
  test.each(["", ' node="http://jabber.org/protocol/amp"'])(
    "the domain%s tells all actions and conditions",
    async (node) => {
      const answer = await context().askServer(`<query xmlns="http://jabber.org/protocol/disco#info"${node}/>`);
      for (const feature of AMP_FEATURES) expect(answer).toContain(`<feature var="${feature}"/>`);
    },
  );
});
