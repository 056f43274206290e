import { expect, test } from "bun:test";
import { Element } from "../../xmpp/xml/element.ts";
import { mismatch } from "./pattern.ts";

const STANZA = Element.parse(
  `<message xmlns="jabber:client" from="a" id="1"><body>Hi</body><x xmlns="urn:x"><y n="1"/><y n="2"/></x><stanza-id xmlns="urn:xmpp:sid:0" id="s"/></message>`,
);

test.each([
  [`<message/>`, undefined],
  [`<message from="a" id="{any}" to="{absent}"/>`, undefined],
  [`<message><x xmlns="urn:x"><y n="2"/></x><body>Hi</body></message>`, undefined],
  [`<message><body>{any}</body></message>`, undefined],
  [`<presence/>`, "it is <message"],
  [`<message xmlns="urn:x"/>`, "it is <message"],
  [`<message from="b"/>`, `from of <message> is "a", not "b"`],
  [`<message to="{any}"/>`, `to of <message> is absent, not "{any}"`],
  [`<message id="{absent}"/>`, `id of <message> is "1"`],
  [`<message><body>Ho</body></message>`, `the text of <body> is "Hi", not "Ho"`],
  [`<message><body xmlns="urn:x"/></message>`, "no child matches <body"],
  [`<message><x xmlns="urn:x"><y n="1"/><y n="1"/></x></message>`, `n of <y> is "2", not "1"`],
] as const)("mismatch() of the pattern %s", (pattern, reason) => {
  const found = mismatch(STANZA, Element.parse(pattern, "jabber:client"));
  if (reason === undefined) expect(found).toBeUndefined();
  else expect(found).toContain(reason);
});

test.each([
  [`<message from="a" id="1"><body>Hi</body><x xmlns="urn:x"><y n="1"/><y n="2"/></x></message>`, undefined],
  [`<message id="1"><body>Hi</body><x xmlns="urn:x"><y n="1"/><y n="2"/></x></message>`, "has an attribute from"],
  [`<message from="a" id="1"><body>Hi</body></message>`, "there is a child <x"],
  [`<message from="a" id="1"><body>Hi</body><x xmlns="urn:x"><y n="1"/></x></message>`, "there is a child <y"],
] as const)("mismatch() of the exact pattern %s", (pattern, reason) => {
  const found = mismatch(STANZA, Element.parse(pattern, "jabber:client"), { exact: true });
  if (reason === undefined) expect(found).toBeUndefined();
  else expect(found).toContain(reason);
});
