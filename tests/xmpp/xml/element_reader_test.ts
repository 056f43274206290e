import { describe, expect, test } from "bun:test";
import { DOMParser, type Element as DomElement } from "@xmldom/xmldom";
import * as fc from "fast-check";
import { Element } from "../../../xmpp/xml/element.ts";
import { ElementReader, scanElement } from "../../../xmpp/xml/element_reader.ts";
import { NamespaceScope } from "../../../xmpp/xml/namespace_scope.ts";
import {
  attribute,
  contentOf,
  DEFAULT_XML_LIMITS,
  type ScannedElement,
  type XmlLimits,
} from "../../../xmpp/xml/scanned_element.ts";
import { TreeReader } from "../../../xmpp/xml/tree_reader.ts";
import { XmlError, type XmlErrorCondition } from "../../../xmpp/xml/xml_error.ts";
import { documents, plainDocuments, spoilt } from "./arbitrary_xml.ts";

const scan = (text: string, limits: Partial<XmlLimits> = {}) => scanElement(text, { ...DEFAULT_XML_LIMITS, ...limits });

function refusal(read: () => unknown): XmlErrorCondition | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    if (error instanceof XmlError) return error.condition;
    throw error;
  }
}

const noise = fc.constantFrom(
  ..."<>&;\"'/!?[]-:= \n\rxaé#".split(""),
  "\u0001",
  "\ufffe",
  "\ud800",
  "]]>",
  "<!--",
  "&#",
  "xmlns",
  "xmlns:p='u' ",
  "p:",
);
/** Where it begins, how much goes, what comes instead. */
const edit = fc.tuple(fc.nat(), fc.nat(2), noise);

describe("scanElement() reads", () => {
  test("names, attributes and children", () => {
    const element = scan(
      `<message xmlns="jabber:client" to='a@b' id="1"><body>hi</body> <x xmlns="urn:x"><y/></x><z/></message>`,
    );
    expect(element.name).toBe("message");
    expect(element.ns).toBe("jabber:client");
    expect(element.attributes).toEqual([
      { name: "to", value: "a@b" },
      { name: "id", value: "1" },
    ]);
    expect(attribute(element, "to")).toBe("a@b");
    expect(attribute(element, "from")).toBeUndefined();
    expect(element.text.slice(element.innerStart, element.innerEnd)).toBe(
      `<body>hi</body> <x xmlns="urn:x"><y/></x><z/>`,
    );
    expect(
      element.children.map(({ name, ns, start, end }) => [name, ns, contentOf(element).slice(start, end)]),
    ).toEqual([
      ["body", "jabber:client", "<body>hi</body>"],
      ["x", "urn:x", `<x xmlns="urn:x"><y/></x>`],
      ["z", "jabber:client", "<z/>"],
    ]);
    expect(element.plain).toBe(true);
  });

  test("an empty element, with no content", () => {
    for (const text of ["<a/>", "<a />", "<a></a>", "<a></a >"]) {
      const { innerStart, innerEnd, children } = scan(text);
      expect([text.slice(innerStart, innerEnd), children.length]).toEqual(["", 0]);
    }
  });

  test("exactly the element, and offsets into it, when white space stands around it", () => {
    const element = scan(" \r\n<a><b/></a>\t");
    expect(element.text).toBe("<a><b/></a>");
    expect(contentOf(element).slice(element.children[0]!.start, element.children[0]!.end)).toBe("<b/>");
  });

  test.each([
    ["&amp;&lt;&gt;&quot;&apos;", `&<>"'`],
    ["&#65;&#x42;&#x1F600;&#0067;", "AB😀C"],
    ["a\tb\nc\r\nd\re", "a b c d e"],
    ["&#9;&#10;&#13;", "\t\n\r"],
    ["]]>", "]]>"],
    ["\u007f\u0085\u2028", "\u007f\u0085\u2028"],
  ])("the attribute value %j as %j", (source, value) => {
    expect(attribute(scan(`<a b="${source}"/>`), "b")).toBe(value);
  });

  test.each([
    `<a b="'" c='"'/>`,
    `<a b = "1"\n\tc\r= '2' />`,
    "<é:b xmlns:é='urn:x'/>",
    "<a.b-c_1\u00b7/>",
    "<a>]] ]> ></a>",
    "<a><![CDATA[<&]]]]><![CDATA[>]]></a>",
    "<a><![CDATA[]]></a>",
    `<a xmlns:xml="http://www.w3.org/XML/1998/namespace"/>`,
    `<a xmlns=""/>`,
    `<a b:c="1" c="2" xmlns:b="urn:b"/>`,
    `<a xmlns="urn:b" xmlns:b="urn:b" b:c="1" c="2"/>`,
    "<a>\u{10ffff}\ud7ff\ue000\ufffd</a>",
  ])("%j", (text) => {
    expect(scan(text).text).toBe(text);
  });

  test("namespaces from outside", () => {
    const inherited = new Map([
      ["", "jabber:client"],
      ["p", "urn:p"],
    ]);
    const element = scanElement("<message><p:x/></message>", DEFAULT_XML_LIMITS, inherited);
    expect([element.ns, element.children[0]!.ns, element.plain]).toEqual(["jabber:client", "urn:p", false]);
    expect(element.inherited).toBe(inherited);
  });

  test.each(["<a>&nbsp;</a>", "<a>&AMP;</a>", "<a>&constructor;</a>", `<a b="&copy;"/>`])(
    "RFC 6120 11.1: an entity that is not predefined is restricted-xml: %s",
    (text) => {
      expect(refusal(() => scan(text))).toBe("restricted-xml");
    },
  );

  test("a declaration only where it is allowed", () => {
    const text = `<?xml version='1.0' encoding="UTF-8"?>\n<a/>`;
    expect(scanElement(text, DEFAULT_XML_LIMITS, undefined, true).text).toBe("<a/>");
    expect(refusal(() => scan(text))).toBe("restricted-xml");
  });

  test.each([
    [`<?xml version="1.0" encoding="iso-8859-1"?><a/>`, "unsupported-encoding"],
    [`<?xml encoding="utf-8"?><a/>`, "not-well-formed"],
    [`<?xml version="2.0"?><a/>`, "not-well-formed"],
    [` <?xml version="1.0"?><a/>`, "restricted-xml"],
    [`<?xml version="1.0"?><?xml version="1.0"?><a/>`, "restricted-xml"],
    [`<?xml-stylesheet href="a"?><a/>`, "restricted-xml"],
  ] as const)("no declaration like %j: %s", (text, condition) => {
    expect(refusal(() => scanElement(text, DEFAULT_XML_LIMITS, undefined, true))).toBe(condition);
  });

  test.each([
    ["<a/>", true],
    [`<a xmlns:p="urn:p"/>`, true],
    [`<a xml:lang="en"><b xml:space="preserve"/></a>`, true],
    [`<p:a xmlns:p="urn:p"/>`, false],
    [`<a><b xmlns:p="urn:p" p:c=""/></a>`, false],
    [`<a><b><p:c xmlns:p="urn:p"/></b></a>`, false],
  ])("whether %j is plain: %j", (text, plain) => {
    expect(scan(text).plain).toBe(plain);
  });
});

const REFUSED: [XmlErrorCondition, string[]][] = [
  [
    "restricted-xml",
    [
      "<!-- c --><a/>",
      "<a><!-- c --></a>",
      "<a><?pi?></a>",
      "<?pi?><a/>",
      "<!DOCTYPE a><a/>",
      `<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`,
      "<a><!ELEMENT b></a>",
      "<a><![cdata[b]]></a>",
      "<a><![CDAT</a>",
      "<![CDATA[b]]><a/>",
    ],
  ],
  [
    "not-well-formed",
    [
      "",
      " ",
      "a",
      "<",
      "<a",
      "<a ",
      "<a>",
      "<a/",
      "<a / >",
      "<a></a",
      "<a></b>",
      "<a></ab>",
      "<ab></a>",
      "<a></ a>",
      "<a><b></a></b>",
      "</a>",
      "<a/>b",
      "b<a/>",
      "<a/><a/>",
      "< a/>",
      "<1/>",
      "<-a/>",
      "<a\u00d7/>",
      "<\u00b7/>",
      "<a b/>",
      "<a b=c/>",
      "<a b=/>",
      `<a b="c/>`,
      `<a b="c"d="e"/>`,
      `<a b="<"/>`,
      `<a b="1" b="2"/>`,
      `<a xmlns="urn:a" xmlns="urn:b"/>`,
      `<a xmlns:b="urn:b" xmlns:b="urn:c"/>`,
      `<a xmlns:p="urn:x" xmlns:q="urn:x" p:b="1" q:b="2"/>`,
      "<a>]]></a>",
      "<a>&</a>",
      "<a>&amp</a>",
      "<a>&;</a>",
      "<a>& amp;</a>",
      "<a>&#;</a>",
      "<a>&#x;</a>",
      "<a>&#X41;</a>",
      "<a>&#1e1;</a>",
      "<a>&#0;</a>",
      "<a>&#x1F;</a>",
      "<a>&#xD800;</a>",
      "<a>&#xFFFE;</a>",
      "<a>&#x110000;</a>",
      "<a>&#99999999999999999999;</a>",
      "<a>\0</a>",
      "<a>\u000b</a>",
      "<a>\u001f</a>",
      `<a b="\u0001"/>`,
      "<a>\ufffe</a>",
      "<a>\uffff</a>",
      "<a>\ud800</a>",
      "<a>\udc00</a>",
      "<a>\udc00\ud800</a>",
      `<a b="\ud800"/>`,
      "<a\ud800/>",
      "<a><![CDATA[\u0001]]></a>",
      "<a><![CDATA[\ud800]]></a>",
      "<a><![CDATA[b]]</a>",
      "\ufeff<a/>",
      "\u00a0<a/>",
    ],
  ],
  [
    "bad-namespace-prefix",
    [
      "<p:a/>",
      `<a p:b="c"/>`,
      `<a><b xmlns:p="urn:p"/><p:c/></a>`,
      `<xmlns:a xmlns:b="urn:b"/>`,
      `<a><xml:b/></a>`,
      "<xmlns/>",
      `<a xmlns:p="urn:p"><p:xmlns/></a>`,
      `<a xmlns:p=""/>`,
      `<a xmlns:xml="urn:a"/>`,
      `<a xmlns:p="http://www.w3.org/XML/1998/namespace"/>`,
      `<a xmlns="http://www.w3.org/XML/1998/namespace"/>`,
      `<a xmlns:xmlns="http://www.w3.org/2000/xmlns/"/>`,
      `<a xmlns:p="http://www.w3.org/2000/xmlns/"/>`,
      `<a xmlns="http://www.w3.org/2000/xmlns/"/>`,
      "<:a/>",
      `<a:b:c xmlns:a="urn:a"/>`,
    ],
  ],
];

describe("scanElement() refuses", () => {
  test.each(REFUSED.flatMap(([condition, texts]) => texts.map((text) => [text, condition] as const)))(
    "%j: %s",
    (text, condition) => {
      expect(refusal(() => scan(text))).toBe(condition);
    },
  );

  const many = (count: number) => Array.from({ length: count }, (_, index) => ` a${index}=""`).join("");
  test.each([1, 8, 9, 10, 11, 40])("an attribute given twice, with %d between", (count) => {
    expect(refusal(() => scan(`<a b=""${many(count)} c=""/>`))).toBeUndefined();
    expect(refusal(() => scan(`<a b=""${many(count)} b=""/>`))).toBe("not-well-formed");
    expect(refusal(() => scan(`<a${many(count)} b="" b=""/>`))).toBe("not-well-formed");
    expect(refusal(() => scan(`<a><b${many(count)} b=""/><b${many(count)} b=""/></a>`))).toBeUndefined();
  });

  test.each([
    ["bytes", `<a b="${"é".repeat(46)}"/>`, { maxBytes: 101 }, { maxBytes: 100 }],
    ["levels", "<a><b><c/></b></a>", { maxDepth: 3 }, { maxDepth: 2 }],
    ["attributes", `<a b="" c="" xmlns=""/>`, { maxAttributes: 3 }, { maxAttributes: 2 }],
    ["attributes of children", `<a><b b="" c=""/></a>`, { maxAttributes: 2 }, { maxAttributes: 1 }],
    ["children", "<a><b/><c><d/><e/><f/></c></a>", { maxChildren: 2 }, { maxChildren: 1 }],
    ["elements", "<a><b/><c><d/><e/><f/></c></a>", { maxElements: 6 }, { maxElements: 5 }],
    ["prefixes", `<a xmlns:b="u"><b xmlns:c="u"/><b xmlns:d="u"/></a>`, { maxAttributes: 2 }, { maxAttributes: 1 }],
  ])("more than the allowed %s", (_what, text, enough, tooFew) => {
    expect(refusal(() => scan(text, enough))).toBeUndefined();
    expect(refusal(() => scan(text, tooFew))).toBe("policy-violation");
  });
});

function dom(text: string): DomElement {
  const onError = (level: string, message: string) => {
    if (!message.includes("replacement character")) throw new Error(`${level}: ${message}`);
  };
  const normalizeLineEndings = (source: string) => source.replace(/\r\n?/g, "\n");
  return new DOMParser({ onError, normalizeLineEndings }).parseFromString(text, "text/xml").documentElement!;
}

/** The tree of a stanza that is rewritten, and that of a payload: two readers, one result. */
function expectSameTree(text: string): void {
  const make = (name: string, ns: string, attributes: Element["attributes"], children: Element["children"]) =>
    new Element(name, ns, attributes, children);
  const tree = new TreeReader(text, make).read(NamespaceScope.EMPTY);
  expect(tree.toString()).toBe(Element.parse(text).toString());
}

/** What the scanner and xmldom both tell of an element. */
function expectSame(scanned: ScannedElement, read: DomElement): void {
  const attributes = [...read.attributes].filter(({ name }) => !/^xmlns(:|$)/.test(name));
  expect(scanned.name).toBe(read.localName!);
  expect(scanned.ns).toBe(read.namespaceURI ?? "");
  expect(scanned.attributes).toEqual(attributes.map(({ name, value }) => ({ name, value })));
  const children = [...read.childNodes].filter((node) => node.nodeType === 1) as DomElement[];
  expect(scanned.children.map(({ name, ns }) => ({ name, ns }))).toEqual(
    children.map((child) => ({ name: child.localName!, ns: child.namespaceURI ?? "" })),
  );
}

/** The same all the way down, each child scanned by itself. Only for plain documents. */
function expectSameDeep(scanned: ScannedElement, read: DomElement): void {
  expectSame(scanned, read);
  const children = [...read.childNodes].filter((node) => node.nodeType === 1) as DomElement[];
  scanned.children.forEach(({ start, end }, index) => {
    const inherited = new Map([["", scanned.ns]]);
    expectSameDeep(scanElement(contentOf(scanned).slice(start, end), DEFAULT_XML_LIMITS, inherited), children[index]!);
  });
}

describe("scanElement() and xmldom", () => {
  test("agree on every document", () => {
    fc.assert(
      fc.property(documents, ({ text }) => {
        expectSame(scan(text), dom(text));
        expectSameTree(text);
      }),
      { numRuns: 300 },
    );
  });

  test("agree on every part of a plain document", () => {
    fc.assert(
      fc.property(plainDocuments, ({ text }) => {
        const scanned = scan(text);
        expect(scanned.plain).toBe(true);
        expectSameDeep(scanned, dom(text));
      }),
      { numRuns: 200 },
    );
  });

  test("agree on whatever the scanner accepts of spoilt documents", () => {
    let accepted = 0;
    let refused = 0;
    fc.assert(
      fc.property(documents, fc.array(edit, { minLength: 1, maxLength: 2 }), (doc, edits) => {
        const text = spoilt(doc.text, edits);
        if (refusal(() => scan(text)) !== undefined) {
          refused++;
          return;
        }
        accepted++;
        expectSame(scan(text), dom(text));
        expectSameTree(text);
      }),
      { numRuns: 1500 },
    );
    expect(accepted).toBeGreaterThan(50);
    expect(refused).toBeGreaterThan(500);
  });

  test("agree that a document cut short is none", () => {
    fc.assert(
      fc.property(documents, fc.nat(), ({ text }, at) => {
        expect(refusal(() => scan(text.slice(0, at % text.length)))).toBeDefined();
      }),
    );
  });
});

describe("ElementReader", () => {
  function outcome(read: () => ScannedElement): unknown {
    try {
      return read();
    } catch (error) {
      if (error instanceof XmlError) return [error.condition, error.message];
      throw error;
    }
  }

  const attributes = fc
    .array(fc.constantFrom(..."abcdefghijkl".split("")), { minLength: 8, maxLength: 12 })
    .map((names) => `<a ${names.map((name) => `${name}='1'`).join(" ")}/>`);
  const outer = fc.constantFrom(undefined, new Map([["", "u"]]), new Map([["p", "v"]]));

  test("reads one element after the other as a new one would, also after those that it refuses", () => {
    const texts = fc
      .tuple(
        fc.oneof(
          documents.map(({ text }) => text),
          attributes,
        ),
        fc.array(edit, { maxLength: 1 }),
      )
      .map(([text, edits]) => spoilt(text, edits));
    const scan = new ElementReader(DEFAULT_XML_LIMITS);
    let accepted = 0;
    fc.assert(
      fc.property(texts, outer, (text, inherited) => {
        const read = outcome(() => scan.element(text, inherited, 0));
        expect(read).toEqual(outcome(() => scanElement(text, DEFAULT_XML_LIMITS, inherited)));
        if (!Array.isArray(read)) accepted++;
      }),
      { numRuns: 1000 },
    );
    expect(accepted).toBeGreaterThan(100);
    expect(accepted).toBeLessThan(900);
  });
});

test.each([["xmlns"], ["xmlns:p"]])("a namespace in %s is not longer than 256 characters", (name) => {
  const element = (length: number) => `<a ${name}="${"n".repeat(length)}"/>`;
  expect(() => scanElement(element(256), DEFAULT_XML_LIMITS)).not.toThrow();
  expect(() => scanElement(element(257), DEFAULT_XML_LIMITS)).toThrow("more than 256 characters");
});
