import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { Stanza } from "../../../xmpp/stanza.ts";
import { DEFAULT_XML_LIMITS, type ScannedElement, type XmlLimits } from "../../../xmpp/xml/scanned_element.ts";
import { StreamReader } from "../../../xmpp/xml/stream_reader.ts";
import { XmlError } from "../../../xmpp/xml/xml_error.ts";
import { documents } from "./arbitrary_xml.ts";

const HEADER = `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='a>b'>`;

type Event = readonly [kind: "header" | "element" | "end" | XmlError["condition"], text?: string, ns?: string];

function listen(pieces: Iterable<string>, limits: Partial<XmlLimits> = {}): Event[] {
  const events: Event[] = [];
  const scanner = new StreamReader(
    { ...DEFAULT_XML_LIMITS, ...limits },
    {
      header: ({ text, ns }) => events.push(["header", text, ns]),
      element: ({ text, ns }) => events.push(["element", text, ns]),
      end: () => events.push(["end"]),
    },
  );
  try {
    for (const piece of pieces) scanner.write(piece);
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    events.push([error.condition]);
  }
  return events;
}

/** The stream whole, and in single UTF-16 units. */
function listenBothWays(text: string): Event[] {
  const whole = listen([text]);
  expect(listen(text.split(""))).toEqual(whole);
  return whole;
}

describe("StreamReader", () => {
  test("reads a whole stream", () => {
    const stanza = "<message to='c'><body>a<![CDATA[</body>]]]>&lt;</body><x y='/>'/></message>";
    expect(listenBothWays(`<?xml version='1.0'?>\n${HEADER} \n${stanza}\n\n<presence/></stream:stream> `)).toEqual([
      ["header", HEADER, "http://etherx.jabber.org/streams"],
      ["element", stanza, "jabber:client"],
      ["element", "<presence/>", "jabber:client"],
      ["end"],
    ]);
  });

  test("reads a header that closes itself as an empty stream", () => {
    expect(listenBothWays("<stream xmlns='a'/>")).toEqual([["header", "<stream xmlns='a'/>", "a"], ["end"]]);
  });

  test.each([
    ["text", `${HEADER}a`, "not-well-formed"],
    ["a comment", `${HEADER}<!-- a -->`, "restricted-xml"],
    ["a comment in a stanza", `${HEADER}<a><!-- a --></a>`, "restricted-xml"],
    ["a CDATA section outside of stanzas", `${HEADER}<![CDATA[a]]>`, "restricted-xml"],
    ["a processing instruction", `${HEADER}<?a?>`, "restricted-xml"],
    ["a processing instruction in a stanza", `${HEADER}<a><?a?></a>`, "restricted-xml"],
    ["a document type", `<!DOCTYPE a>${HEADER}`, "restricted-xml"],
    ["a second declaration", `<?xml version='1.0'?><?xml version='1.0'?>${HEADER}`, "restricted-xml"],
    ["another encoding", `<?xml version='1.0' encoding='latin1'?>${HEADER}`, "unsupported-encoding"],
    ["an end tag first", "</a>", "not-well-formed"],
    ["a wrong end tag", `${HEADER}</stream>`, "not-well-formed"],
    ["a wrong end tag in a stanza", `${HEADER}<a></b>`, "not-well-formed"],
    ["a tag inside of a tag", `${HEADER}<a <b/>`, "not-well-formed"],
    ["an unknown prefix", `${HEADER}<p:a/>`, "bad-namespace-prefix"],
    ["text before the header", "GET / HTTP/1.1\r\n", "not-well-formed"],
  ] as const)("refuses %s", (_what, text, condition) => {
    expect(listenBothWays(text).at(-1)).toEqual([condition]);
  });

  test("refuses too many bytes before the element is complete", () => {
    const endless = `${HEADER}<a>${"é".repeat(100)}`;
    expect(listen([endless], { maxBytes: 202 }).at(-1)).toEqual(["policy-violation"]);
    expect(listen([endless], { maxBytes: 203 })).toHaveLength(1);
    const large = `${HEADER}<a>${"é".repeat(100)}</a>`;
    expect(listen([large], { maxBytes: 206 }).at(-1)).toEqual(["policy-violation"]);
    expect(listen([large], { maxBytes: 207 })).toHaveLength(2);
    const manyStanzas = HEADER + "<a>bcd</a>".repeat(50);
    expect(listen([manyStanzas], { maxBytes: 100 })).toHaveLength(51);
  });

  test("takes time in proportion to the text, however small the pieces", () => {
    const body = "x".repeat(200_000);
    const text = `${HEADER}<message><body>${body}</body></message>`;
    expect(listen(text.split(""))).toHaveLength(2);
  });

  test("hands over stanzas with prefixes of the header, which can stand alone", () => {
    const stanzas: string[] = [];
    const scanner = new StreamReader(DEFAULT_XML_LIMITS, {
      header: () => {},
      element: (element) => stanzas.push(Stanza.fromScanned(element).toString()),
      end: () => {},
    });
    scanner.write("<s:stream xmlns:s='http://etherx.jabber.org/streams' xmlns:c='jabber:client' xmlns:x='urn:x'>");
    scanner.write("<c:message><c:body>a</c:body><x:y x:z='1'/><n/></c:message>");
    expect(stanzas).toEqual([
      `<message xmlns="jabber:client"><body>a</body>` +
        `<y xmlns="urn:x" xmlns:x="urn:x" x:z="1"/><n xmlns=""/></message>`,
    ]);
  });

  test("expects a new header after reset()", () => {
    const seen: string[] = [];
    const scanner = new StreamReader(DEFAULT_XML_LIMITS, {
      header: ({ text }) => seen.push(text),
      element: ({ text }: ScannedElement) => {
        seen.push(text);
        if (text === "<auth/>") scanner.reset();
      },
      end: () => seen.push("end"),
    });
    scanner.write("<stream xmlns='a'><auth/> <?xml version='1.0'?><stream xmlns='b'><iq/></stre");
    scanner.write("am>");
    expect(seen).toEqual(["<stream xmlns='a'>", "<auth/>", "<stream xmlns='b'>", "<iq/>", "end"]);
    scanner.reset();
    scanner.write("<stream xmlns='c'><stream xmlns='d'>");
    expect(seen.slice(5)).toEqual(["<stream xmlns='c'>"]);
    scanner.reset();
    expect(seen.slice(6)).toEqual(["<stream xmlns='d'>"]);
  });

  test("finds the same elements in every split", () => {
    const cuts = fc.array(fc.nat(2000), { maxLength: 8 });
    fc.assert(
      fc.property(fc.array(documents, { minLength: 1, maxLength: 3 }), cuts, (docs, at) => {
        const text = `${HEADER}${docs.map((doc) => doc.text).join("\n")}</stream:stream>`;
        const ends = [...at.map((cut) => cut % text.length), text.length].sort((a, b) => a - b);
        const pieces = ends.map((end, index) => text.slice(ends[index - 1] ?? 0, end));
        const events = listen(pieces);
        expect(events).toEqual(listenBothWays(text));
        expect(events.map(([kind, source]) => (kind === "element" ? source : kind))).toEqual([
          "header",
          ...docs.map((doc) => doc.text),
          "end",
        ]);
      }),
      { numRuns: 150 },
    );
  });
});
