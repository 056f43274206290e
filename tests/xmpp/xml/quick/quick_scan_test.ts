import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { ElementReader } from "../../../../xmpp/xml/element_reader.ts";
import { isCalm, QuickScan } from "../../../../xmpp/xml/quick/quick_scan.ts";
import { DEFAULT_XML_LIMITS, type XmlLimits } from "../../../../xmpp/xml/scanned_element.ts";
import { StrictScan } from "../../../../xmpp/xml/strict/strict_scan.ts";
import { XmlError } from "../../../../xmpp/xml/xml_error.ts";
import { documents, plainDocuments, spoilt } from "../arbitrary_xml.ts";

const INHERITED = new Map([["", "jabber:client"]]);
const SMALL: XmlLimits = { maxBytes: 600, maxDepth: 3, maxAttributes: 4, maxChildren: 3, maxElements: 6 };

function strictly(text: string, start: number, limits: XmlLimits) {
  const scan = new StrictScan(limits);
  try {
    return { element: scan.elementAt(text, INHERITED, start), end: scan.end };
  } catch (error) {
    if (error instanceof XmlError) return undefined;
    throw error;
  }
}

function quickly(text: string, start: number, limits: XmlLimits) {
  const scan = new QuickScan(limits);
  const element = scan.scan(text, start, "jabber:client", INHERITED);
  return element && { element, end: scan.end };
}

const names = fc.constantFrom(
  "message",
  "body",
  "amp",
  "rule",
  "x",
  "a",
  "a-b",
  "r",
  "xml:lang",
  "xmlns",
  "idx",
  "é",
  "p:x",
);
const values = fc.constantFrom(
  "",
  "chat",
  "get",
  "jabber:client",
  "jabber:clienT",
  "urn:x",
  "a@b/c",
  "a>b",
  "it's",
  'a"b',
  "é",
);
const quotes = fc.constantFrom("'", '"');
const attributes = fc
  .array(
    fc.tuple(fc.constantFrom("to", "id", "type", "from", "xmlns", "xml:lang", "x", "y-", "xmlns:p"), values, quotes),
    {
      maxLength: 5,
    },
  )
  .map((all) => all.map(([name, value, quote]) => ` ${name}=${quote}${value}${quote}`).join(""));

/** Markup that is mostly well-formed, and mostly what the short way knows. */
const { markup } = fc.letrec<{ markup: string }>((tie) => ({
  markup: fc
    .record({
      name: names,
      attributes,
      inner: fc.array(
        fc.oneof({ depthSize: "small", maxDepth: 4 }, fc.constantFrom("", "hello", " ", "'\""), tie("markup")),
        {
          maxLength: 4,
        },
      ),
      form: fc.nat(5),
    })
    .map(({ name, attributes, inner, form }) =>
      form === 0 ? `<${name}${attributes}/>` : `<${name}${attributes}>${inner.join("")}</${name}>`,
    ),
}));

const noise = fc.constantFrom(
  "<",
  ">",
  "/",
  "=",
  "'",
  '"',
  " ",
  "a",
  "&",
  "\n",
  "]",
  "\u{1f600}",
  "\ufffe",
  "</",
  "<x",
  "é",
);
const edits = fc.array(fc.tuple(fc.nat(), fc.nat(3), noise), { maxLength: 2 });

const texts = fc
  .tuple(
    fc.oneof(
      markup,
      markup,
      documents.map(({ text }) => text),
      plainDocuments.map(({ text }) => text),
    ),
    edits,
  )
  .map(([text, changes]) => spoilt(text, changes))
  .filter((text) => text.startsWith("<"));

describe("QuickScan", () => {
  test("gives what the strict scan gives, or leaves it to that", () => {
    let accepted = 0;
    let left = 0;
    for (const limits of [DEFAULT_XML_LIMITS, SMALL]) {
      fc.assert(
        fc.property(
          texts,
          fc.constantFrom("", "<a/>"),
          fc.constantFrom("", "<b/>", " ", "text"),
          (text, before, after) => {
            const whole = before + text + after;
            if (!isCalm(whole)) return;
            const quick = quickly(whole, before.length, limits);
            if (quick === undefined) left++;
            else {
              accepted++;
              expect(quick).toEqual(strictly(whole, before.length, limits)!);
            }
          },
        ),
        { numRuns: 20_000 },
      );
    }
    expect(accepted).toBeGreaterThan(1000);
    expect(left).toBeGreaterThan(1000);
  });

  test("knows what stands in messages", () => {
    const text =
      `<message xmlns="jabber:client" to='romeo@localhost/orchard' type='chat' id='1' xml:lang="en"><body>Art thou there, 'Romeo'?</body>` +
      `<amp xmlns='http://jabber.org/protocol/amp'><rule condition='deliver' value='stored' action='notify'/></amp>` +
      `<origin-id xmlns='urn:xmpp:sid:0' id='x'/><markable xmlns='urn:xmpp:chat-markers:0'/></message>`;
    expect(quickly(text, 0, DEFAULT_XML_LIMITS)).toEqual(strictly(text, 0, DEFAULT_XML_LIMITS)!);
    expect(quickly(text, 0, DEFAULT_XML_LIMITS)).toBeDefined();
  });

  test("never calls a text cut whose element is there, and always one that is", () => {
    fc.assert(
      fc.property(markup, fc.nat(), (text, at) => {
        const cut = text.slice(0, 1 + (at % text.length));
        if (!isCalm(cut)) return;
        const scan = new QuickScan(DEFAULT_XML_LIMITS);
        const element = scan.scan(cut, 0, "", undefined);
        if (element !== undefined) expect(scan.end).toBeLessThanOrEqual(cut.length);
        const strict = strictly(cut, 0, DEFAULT_XML_LIMITS);
        if (element === undefined && scan.isCut) expect(strict === undefined || strict.end === cut.length).toBe(true);
      }),
      { numRuns: 5000 },
    );
    const message = `<message to='a'><body>hello</body></message>`;
    for (let length = 1; length < message.length; length++) {
      const scan = new QuickScan(DEFAULT_XML_LIMITS);
      expect(scan.scan(message.slice(0, length), 0, "", undefined)).toBeUndefined();
      expect(scan.isCut).toBe(true);
    }
  });
});

test("a text is calm unless something in it has to be looked at", () => {
  expect(isCalm(`<a b='c'>"d" é 漢字 \x7f</a>`)).toBe(true);
  for (const special of ["&", "]", "\n", "\t", "\0", "\x1f", "\ud800", "\u{1f600}", "\ufffe", "\uffff"]) {
    expect(isCalm(`<a>${special}</a>`)).toBe(false);
  }
});

test("ElementReader takes no cut text for an element, and what is behind a cut one for nothing", () => {
  const scan = new ElementReader(DEFAULT_XML_LIMITS);
  expect(scan.elementAt("<a><b>", undefined, 0, true)).toBeUndefined();
  expect(scan.elementAt("<a><b/></a><c/>", undefined, 0, true)?.text).toBe("<a><b/></a>");
  expect(scan.end).toBe(11);
  expect(scan.elementAt("<a>&lt;</a><c/>", undefined, 0, false)?.text).toBe("<a>&lt;</a>");
  expect(scan.end).toBe(11);
});
