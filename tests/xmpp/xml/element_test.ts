import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { Element } from "../../../xmpp/xml/element.ts";
import { scanElement } from "../../../xmpp/xml/element_reader.ts";
import { DEFAULT_XML_LIMITS } from "../../../xmpp/xml/scanned_element.ts";
import { documents } from "./arbitrary_xml.ts";

describe("Element", () => {
  const query = Element.parse(
    `<query xmlns="urn:q" node="n"><item id="1"/>a<item xmlns="urn:other"/>&lt;<![CDATA[b]]><item id="2"/></query>`,
  );

  test("finds children by name and namespace", () => {
    expect(query.child("item", "urn:other")?.ns).toBe("urn:other");
    expect(query.child("item", "urn:none")).toBeUndefined();
    expect(query.childrenNamed("item", "urn:q").map((item) => item.attr("id"))).toEqual(["1", "2"]);
    expect(query.elements).toHaveLength(3);
  });

  test("joins its direct text", () => {
    expect(query.text).toBe("a<b");
    expect(query.children).toHaveLength(5);
  });

  test("knows its own attributes only", () => {
    expect(query.attr("node")).toBe("n");
    expect(query.attr("constructor")).toBeUndefined();
    expect(query.attr("xmlns")).toBeUndefined();
    expect(Element.parse(`<a __proto__="1"/>`).attr("__proto__")).toBe("1");
  });

  test("parse() takes the default namespace from outside", () => {
    expect(Element.parse("<body/>", "jabber:client").ns).toBe("jabber:client");
    expect(Element.parse("<p:a/>", "", new Map([["p", "urn:p"]])).ns).toBe("urn:p");
    expect(Element.parse("<a/>").ns).toBe("");
  });

  test.each([
    "",
    "<a>",
    "<a",
    "<a b",
    "<a b=",
    "<a b='",
    "<a></b>",
    "<a></ab>",
    "<a/><b/>",
    "<a/>b",
    "<p:a/>",
    "<a p:b=''/>",
  ])("parse() throws on %p", (text) => expect(() => Element.parse(text)).toThrow("Cannot parse XML"));

  test("parse() keeps U+0085 and U+2028, and reads line ends as XML 1.0 says", () => {
    expect(Element.parse("<a>\u0085\u2028\r\n\r</a>").text).toBe("\u0085\u2028\n\n");
  });

  test("toString() declares a namespace where it changes", () => {
    const inner = new Element("b", "urn:b", {}, [new Element("c", "urn:b"), new Element("d", "")]);
    const element = new Element("a", "urn:a", { "xml:lang": "en", id: `<"'&\n` }, ["<&>", inner]);
    expect(element.toString()).toBe(
      `<a xmlns="urn:a" xml:lang="en" id="&lt;&quot;&apos;&amp;&#10;">&lt;&amp;&gt;<b xmlns="urn:b"><c/><d xmlns=""/></b></a>`,
    );
    expect(new Element("a", "urn:a").toString("urn:a")).toBe("<a/>");
  });

  test("parse() reads every document to its tree", () => {
    fc.assert(
      fc.property(documents, ({ text, element }) => {
        expect(Element.parse(text)).toEqual(element);
      }),
      { numRuns: 200 },
    );
  });

  test("parse() reads back what toString() wrote, and the scanner accepts it", () => {
    fc.assert(
      fc.property(documents, ({ element }) => {
        const text = element.toString();
        scanElement(text, DEFAULT_XML_LIMITS);
        expect(Element.parse(text)).toEqual(element);
      }),
      { numRuns: 200 },
    );
  });
});
