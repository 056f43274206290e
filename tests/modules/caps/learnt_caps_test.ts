import { describe, expect, test } from "bun:test";
import { capsHash } from "../../../modules/caps/caps_hash.ts";
import { learn, learntInterests, readCaps } from "../../../modules/caps/learnt_caps.ts";
import { NS } from "../../../xmpp/ns.ts";
import { Stanza } from "../../../xmpp/stanza.ts";
import { Element } from "../../../xmpp/xml/element.ts";
import { FakeContext } from "../fake_context.ts";

const presence = (ver: string) =>
  Stanza.parse(`<presence><c xmlns="${NS.CAPS}" hash="sha-1" node="urn:client" ver="${ver}"/></presence>`);

test("readCaps() reads what a client is likely to say, and nothing that would fill the memory", () => {
  const context = new FakeContext();
  expect(readCaps(presence("1"), context)).toEqual({ node: "urn:client", ver: "1", hash: "sha-1" });
  expect(readCaps(presence("x".repeat(1024)), context)).toBeUndefined();
});

test("learn() leaves out names of nodes that are too long", () => {
  const features = ["tune", "x".repeat(256)].map((name) => `<feature var="${name}+notify"/>`).join("");
  const query = Element.parse(`<query xmlns="${NS.DISCO_INFO}">${features}</query>`);
  const interests = learn({ node: "urn:client", ver: "1", hash: "" }, query, new FakeContext());
  expect([...interests]).toEqual(["tune"]);
});

test("learn() keeps no more of one client than names of nodes come to", () => {
  const features = Array.from({ length: 200 }, (_, i) => `<feature var="${"x".repeat(240)}${i}+notify"/>`).join("");
  const query = Element.parse(`<query xmlns="${NS.DISCO_INFO}">${features}</query>`);
  const interests = learn({ node: "urn:client", ver: "1", hash: "" }, query, new FakeContext());
  expect([...interests].join("").length).toBeLessThanOrEqual(10_000);
  expect(interests.size).toBeGreaterThan(30);
});

describe("disco#info that is told otherwise than the client does, with the same hash", () => {
  const identity = '<identity category="client" type="pc"/>';
  const feature = (name: string) => `<feature var="${name}"/>`;
  const form = (type: string) =>
    `<x xmlns="${NS.DATA}"><field type="hidden" var="FORM_TYPE"><value>${type}</value></field></x>`;
  const query = (inner: string) => Element.parse(`<query xmlns="${NS.DISCO_INFO}">${inner}</query>`);

  test.each([
    [
      "features as one",
      identity + feature("urn:a+notify") + feature("urn:b"),
      identity + feature("urn:a+notify&lt;urn:b"),
    ],
    ["an identity and a feature as one", identity + feature("urn:a+notify"), feature("client/pc//&lt;urn:a+notify")],
    [
      "the last feature as a form",
      identity + feature("urn:a") + feature("urn:z+notify"),
      identity + feature("urn:a") + form("urn:z+notify"),
    ],
    [
      "the first feature as an identity",
      identity + feature("http://a/b/c+notify") + feature("urn:a"),
      `${identity}<identity category="http:" type="" xml:lang="a" name="b/c+notify"/>${feature("urn:a")}`,
    ],
  ])("%s: takes no interest from others", (_how, honest, told) => {
    const ver = capsHash(query(honest));
    expect(capsHash(query(told))).toBe(ver);
    const name = { node: "urn:client", ver, hash: "sha-1" };
    const context = new FakeContext();
    const wanted = [...learn(name, query(honest), new FakeContext())];
    expect(wanted).toHaveLength(1);
    learn(name, query(told), context);
    expect([...(learntInterests(name, context) ?? wanted)]).toEqual(wanted);
  });
});
