import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { Element } from "../../../xmpp/xml/element.ts";
import { scanElement } from "../../../xmpp/xml/element_reader.ts";
import { DEFAULT_XML_LIMITS } from "../../../xmpp/xml/scanned_element.ts";
import { attr, escapeXml, Markup, raw, xml } from "../../../xmpp/xml/xml.ts";

describe("xml", () => {
  test("escapes text and numbers, and puts markup in as it is", () => {
    const inner = xml`<b/>`;
    expect(inner).toBeInstanceOf(Markup);
    expect(xml`<a n="${1}" t="${`<"'&`}">${"<"}${inner}${new Element("c", "urn:c")}${raw("<d/>")}</a>`.text).toBe(
      `<a n="1" t="&lt;&quot;&apos;&amp;">&lt;<b/><c xmlns="urn:c"/><d/></a>`,
    );
  });

  test("writes nothing for undefined, null and false, and joins lists", () => {
    expect(xml`<a>${undefined}${null}${false}${0}${["x", [xml`<b/>`, "<"]]}</a>`.text).toBe("<a>0x<b/>&lt;</a>");
  });

  test("leaves out white space between tags", () => {
    const items = ["1", "2"].map((id) => xml`<item id="${id}"/>`);
    const markup = xml`
      <iq type="result"
          id="${"x"}">
        <query xmlns="urn:q"
        >
          ${items}
          ${undefined}
        </query> <a/>
      </iq>
    `;
    expect(markup.text).toBe(
      `<iq type="result" id="x"><query xmlns="urn:q"><item id="1"/><item id="2"/></query><a/></iq>`,
    );
  });

  test("keeps white space that is text", () => {
    expect(
      xml`<a>b  c
d</a>`.text,
    ).toBe("<a>b  c\nd</a>");
    expect(xml`<a>${"b"} ${"c"}</a>`.text).toBe("<a>b c</a>");
    expect(xml`<a> b ${"c"} </a>`.text).toBe("<a> b c </a>");
    expect(xml`<a b=" c  > "/>`.text).toBe(`<a b=" c  > "/>`);
  });

  test("gives values of attributes that are read back the same, line ends and all", () => {
    expect(xml`<a b='${"\n\t"}'>${"\n\t"}</a>`.text).toBe("<a b='&#10;&#9;'>\n\t</a>");
  });

  test("gives the same again when a template is used again", () => {
    const write = (value: string) => xml` <a>${value}</a> `.text;
    expect([write("1"), write("2")]).toEqual(["<a>1</a>", "<a>2</a>"]);
  });

  test("gives well-formed XML whatever the values", () => {
    const any = fc.string({ unit: "binary" });
    fc.assert(
      fc.property(any, any, (name, text) => {
        const markup = xml`<a b="${name}"${attr("c", name)}>${text}</a>`.text;
        scanElement(markup, DEFAULT_XML_LIMITS);
        const back = Element.parse(markup);
        const legal = (value: string) =>
          value.replace(/[^\t\n\r -\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd");
        expect([back.attr("b"), back.attr("c"), back.text]).toEqual([legal(name), legal(name), legal(text)]);
      }),
      { numRuns: 300 },
    );
  });
});

test("attr() gives an attribute or nothing", () => {
  expect(xml`<a${attr("b", undefined)}${attr("c", "<")}${attr("d", 1)}/>`.text).toBe(`<a c="&lt;" d="1"/>`);
});

test.each([
  ["plain text", "plain text"],
  [`&<>"'`, "&amp;&lt;&gt;&quot;&apos;"],
  ["a\tb\nc\rd", "a\tb\nc&#13;d"],
  ["\0\u001f\ufffe\ud800", "\ufffd\ufffd\ufffd\ufffd"],
  ["😀é\u2028", "😀é\u2028"],
])("escapeXml(%j) is %j", (text, escaped) => {
  expect(escapeXml(text)).toBe(escaped);
});
