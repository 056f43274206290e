import { describe, expect, test } from "bun:test";
import { capsHash, isAmbiguous, isKnownHash, verificationString } from "../../../modules/caps/caps_hash.ts";
import { Element } from "../../../xmpp/xml/element.ts";

const query = (inner: string) => Element.parse(`<query xmlns="http://jabber.org/protocol/disco#info">${inner}</query>`);

const EXODUS = query(
  '<identity category="client" name="Exodus 0.9.1" type="pc"/>' +
    '<feature var="http://jabber.org/protocol/caps"/><feature var="http://jabber.org/protocol/disco#info"/>' +
    '<feature var="http://jabber.org/protocol/disco#items"/><feature var="http://jabber.org/protocol/muc"/>',
);

const PSI = query(
  '<identity xml:lang="en" category="client" name="Psi 0.11" type="pc"/>' +
    '<identity xml:lang="el" category="client" name="Ψ 0.11" type="pc"/>' +
    '<feature var="http://jabber.org/protocol/caps"/><feature var="http://jabber.org/protocol/disco#info"/>' +
    '<feature var="http://jabber.org/protocol/disco#items"/><feature var="http://jabber.org/protocol/muc"/>' +
    '<x xmlns="jabber:x:data" type="result"><field var="FORM_TYPE" type="hidden"><value>urn:xmpp:dataforms:softwareinfo</value></field>' +
    '<field var="ip_version"><value>ipv4</value><value>ipv6</value></field><field var="os"><value>Mac</value></field>' +
    '<field var="os_version"><value>10.5.1</value></field><field var="software"><value>Psi</value></field>' +
    '<field var="software_version"><value>0.11</value></field></x>',
);

describe("capsHash()", () => {
  test.each([
    ["5.2, the simple example", EXODUS, "QgayPKawpkPSDYmwT/WM94uAlu0="],
    ["5.3, the complex example", PSI, "q07IKJEyjvHSyhy//CH0CxmKi8w="],
  ])("gives the hash of XEP-0115 %s", (_name, info, expected) => {
    expect(capsHash(info)).toBe(expected);
  });

  test("knows the hash functions that it can verify", () => {
    expect(["sha-1", "sha-256", "sha-512", "md5"].map(isKnownHash)).toEqual([true, true, true, false]);
    expect(capsHash(EXODUS, "sha-256")).not.toBe(capsHash(EXODUS));
  });
});

describe("verificationString() (XEP-0115 5.1)", () => {
  test("leaves out a form without a hidden FORM_TYPE (5.4 rule 3.6)", () => {
    const form = '<x xmlns="jabber:x:data"><field var="FORM_TYPE"><value>t</value></field></x>';
    expect(verificationString(query(form))).toBe("");
  });

  test("sorts by octets, not by UTF-16 units", () => {
    expect(verificationString(query('<feature var="\u{1F600}"/><feature var="\uFFFD"/>'))).toBe("\uFFFD<\u{1F600}<");
  });
});

describe("isAmbiguous() (XEP-0115 5.4 rules 3.3 to 3.5)", () => {
  const form = '<x xmlns="jabber:x:data"><field type="hidden" var="FORM_TYPE"><value>t</value></field></x>';
  test.each([
    ["plain", '<feature var="a"/><feature var="b"/>', false],
    ["a feature twice", '<feature var="a"/><feature var="a"/>', true],
    ["an identity twice", '<identity category="c" type="t"/><identity category="c" type="t"/>', true],
    [
      "two languages",
      '<identity category="c" type="t" xml:lang="a"/><identity category="c" type="t" xml:lang="b"/>',
      false,
    ],
    ["a form type twice", form + form, true],
  ])("%s", (_name, inner, expected) => {
    expect(isAmbiguous(query(inner))).toBe(expected);
  });
});
