import { expect, test } from "bun:test";
import { learn, readCaps } from "../../../modules/caps/learnt_caps.ts";
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
