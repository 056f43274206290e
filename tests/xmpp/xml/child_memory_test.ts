import { describe, expect, spyOn, test } from "bun:test";
import * as fc from "fast-check";
import { Stanza } from "../../../xmpp/stanza.ts";
import { ChildMemory } from "../../../xmpp/xml/child_memory.ts";
import { Learning } from "../../../xmpp/xml/learning.ts";
import { QuickScan } from "../../../xmpp/xml/quick_scan.ts";
import { contentOf, DEFAULT_XML_LIMITS, type ScannedElement } from "../../../xmpp/xml/scanner.ts";

const CLIENT = "jabber:client";

/** Reads that child as a scan does that has not found it. */
function see(memory: ChildMemory, child: string, outer = CLIENT, ns = "urn:x"): void {
  memory.read(`<m>${child}</m>`, 3, 3 + child.length, outer, "x", ns);
}

function knows(memory: ChildMemory, child: string, outer = CLIENT): boolean {
  return memory.find(`<m>${child}<y/></m>`, 3, outer) !== undefined;
}

/** The element as it is read without a memory; what a child has of it is what stands there. */
function withoutSources(element: ScannedElement): ScannedElement {
  const content = contentOf(element);
  const children = element.children.map((child) => {
    if (child.source !== undefined) expect(child.source).toBe(content.slice(child.start, child.end));
    return { ...child, source: undefined };
  });
  return { ...element, children };
}

const WHOLE = [
  "<amp xmlns='http://jabber.org/protocol/amp'><rule condition='deliver' action='notify' value='direct'/></amp>",
  "<amp xmlns='urn:x'><a><b xmlns='urn:y'>t</b></a></amp>",
  "<amp><a/></amp>",
  "<am/>",
  "<x xmlns='urn:x'/>",
  "<x xmlns='jabber:client'/>",
  "<x xmlns=''/>",
  "<x xmlns='urn:x'></x>",
  "<body>hello</body>",
  "text",
];
const broken = fc.constantFrom(
  "<amp xmlns='http://jabber.org/protocol/amp'><rule condition='deliver'",
  "<x xmlns='urn:x'/",
  "<x xmlns='urn:x'></y>",
  "<x xmlns='urn:x'><x xmlns='urn:x'/>",
);

/** Of some kinds of children, which come again and again where they are few. */
function messagesOf(kinds: readonly string[]) {
  const children = fc.oneof({ arbitrary: fc.constantFrom(...kinds), weight: 30 }, { arbitrary: broken, weight: 1 });
  return fc.array(
    fc.record({
      declared: fc.constantFrom("", " xmlns='jabber:client'", " xmlns='urn:x'", " xmlns=''"),
      inner: fc.array(children, { maxLength: 5 }),
      isCut: fc.nat(9).map((chance) => chance === 0),
    }),
    { minLength: 2, maxLength: 10 },
  );
}

const messages = fc.shuffledSubarray(WHOLE, { minLength: 1 }).chain(messagesOf);

describe("ChildMemory", () => {
  test("changes nothing in what is read", () => {
    const helped = spyOn(Learning.prototype, "helped");
    for (const limits of [DEFAULT_XML_LIMITS, { maxBytes: 900, maxDepth: 3, maxAttributes: 2, maxChildren: 3 }]) {
      fc.assert(
        fc.property(messages, fc.constantFrom(CLIENT, "urn:x", ""), (all, outer) => {
          const scan = new QuickScan(limits, new ChildMemory());
          for (const { declared, inner, isCut } of all) {
            const text = `<message${declared}>${inner.join("")}${isCut ? "" : "</message>"}`;
            const fresh = new QuickScan(limits);
            const expected = fresh.scan(text, 0, outer, undefined);
            const element = scan.scan(text, 0, outer, undefined);
            expect(element && withoutSources(element)).toEqual(expected);
            expect(scan.isCut).toBe(fresh.isCut);
            if (element !== undefined) expect(scan.end).toBe(fresh.end);
          }
        }),
        { numRuns: 5000 },
      );
    }
    expect(helped.mock.calls.length).toBeGreaterThan(5000);
    helped.mockRestore();
  });

  test("gives a stanza the same text again and again, also where what stood before it is taken out", () => {
    const scan = new QuickScan(DEFAULT_XML_LIMITS, new ChildMemory());
    const rules = "<amp xmlns='urn:amp'><rule/></amp>";
    const read = (id: number) => {
      const text = `<message id='${id}'><x xmlns='urn:x'>${id}</x>${rules}</message>`;
      return Stanza.fromScanned(scan.scan(text, 0, CLIENT, undefined)!);
    };
    read(1);
    const stanza = read(2);
    expect(stanza.children[1]!.source).toBe(rules);
    for (const each of [stanza, stanza.withoutPayloads("x", "urn:x"), stanza.with("<y/>")]) {
      expect(each.payloadText("amp", "urn:amp")).toBe(rules);
      expect(each.payload("amp", "urn:amp")?.children).toHaveLength(1);
    }
    expect(stanza.withoutPayloads("amp", "urn:amp").inner).toBe("<x xmlns='urn:x'>2</x>");
  });

  test("has an element at the second time, in the namespace around it alone", () => {
    const memory = new ChildMemory();
    expect(knows(memory, "<x xmlns='urn:x'/>")).toBe(false);
    see(memory, "<x xmlns='urn:x'/>");
    expect(memory.find("<x xmlns='urn:x'/>", 0, CLIENT)).toMatchObject({ text: "<x xmlns='urn:x'/>", ns: "urn:x" });
    expect(knows(memory, "<x xmlns='urn:x'/>", "urn:other")).toBe(false);
    expect(knows(memory, "<x xmlns='urn:x'>")).toBe(false);
    expect(knows(memory, "<y xmlns='urn:x'/>")).toBe(false);
  });

  test("keeps none of an empty namespace around it before it has read one", () => {
    const memory = new ChildMemory();
    see(memory, `<x xmlns='urn:x'>${"x".repeat(600)}</x>`, "");
    expect(knows(memory, "<x xmlns='urn:x'/>", "")).toBe(false);
  });

  test("keeps nothing of other stanzas, in which passwords stand", () => {
    const read = spyOn(ChildMemory.prototype, "read");
    const scan = new QuickScan(DEFAULT_XML_LIMITS, new ChildMemory());
    const query = "<query xmlns='jabber:iq:register'><password>secret</password></query>";
    for (let i = 0; i < 3; i++) {
      expect(scan.scan(`<iq type='set'>${query}</iq>`, 0, CLIENT, undefined)?.children).toHaveLength(1);
    }
    expect(read).not.toHaveBeenCalled();
    scan.scan(`<message>${query}</message>`, 0, CLIENT, undefined);
    expect(read).toHaveBeenCalledTimes(1);
    read.mockRestore();
  });

  test("learns ever less of elements that are never alike, and the one that comes to stay", () => {
    const memory = new ChildMemory();
    const wants = spyOn(Learning.prototype, "wants");
    for (let i = 0; i < 2000; i++) {
      const child = `<x xmlns='urn:x' id='${i}'/>`;
      if (!knows(memory, child)) see(memory, child);
    }
    const learnt = wants.mock.results.filter(({ value }) => value).length;
    wants.mockRestore();
    expect(learnt).toBeGreaterThan(5);
    expect(learnt).toBeLessThan(20);
    let seen = 0;
    for (; !knows(memory, "<x xmlns='urn:x'/>"); seen++) see(memory, "<x xmlns='urn:x'/>");
    expect(seen).toBeLessThanOrEqual(256);
    for (let i = 0; i < 100; i++) expect(knows(memory, "<x xmlns='urn:x'/>")).toBe(true);
  });
});
