/** Every XML reader on the same text: what the scanner accepts, xmldom and saxes accept too, with the same tree. @module */
import { StanzaError, StreamError } from "../xmpp/errors.ts";
import { Stanza } from "../xmpp/stanza.ts";
import { Element } from "../xmpp/xml/element.ts";
import { scanElement } from "../xmpp/xml/element_reader.ts";
import { isCalm, QuickScan } from "../xmpp/xml/quick/quick_scan.ts";
import { DEFAULT_XML_LIMITS } from "../xmpp/xml/scanned_element.ts";
import { StreamReader } from "../xmpp/xml/stream_reader.ts";
import { StrictScan } from "../xmpp/xml/strict/strict_scan.ts";
import { XmlError } from "../xmpp/xml/xml_error.ts";
import type { Input, Kind } from "./kind.ts";
import { mutate } from "./mutate.ts";
import { STANZAS } from "./seeds.ts";
import { elementTree, saxesTree, xmldomTree } from "./xml_trees.ts";

const HEADER = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";

export const xmlKind: Kind = {
  name: "xml",
  open: async () => ({
    make: (random) => [mutate(random, random.pick(STANZAS)), String(random.between(1, 40))],
    play: async ([text = "", cut = "1"]: Input) =>
      compareReaders(text) ??
      compareScans(text) ??
      compareStanzas(text) ??
      compareCuts(text, Math.max(1, Number(cut) || 1)),
    close: async () => {},
  }),
};

function compareReaders(text: string): string | undefined {
  if (!accepts(text)) return undefined;
  try {
    const element = Element.parse(text);
    const tree = elementTree(element);
    if (xmldomTree(text) !== tree) return `xmldom reads another tree: ${xmldomTree(text)} and not ${tree}`;
    if (saxesTree(text) !== tree) return `saxes reads another tree: ${saxesTree(text)} and not ${tree}`;
    const again = elementTree(Element.parse(element.toString()));
    return again === tree ? undefined : `written and read again it is another tree: ${again} and not ${tree}`;
  } catch (error) {
    return `the scanner accepts what another parser refuses: ${error}`;
  }
}

function accepts(text: string): boolean {
  try {
    scanElement(text, DEFAULT_XML_LIMITS);
    return true;
  } catch (error) {
    if (error instanceof XmlError) return false;
    throw error;
  }
}

/** What the quick scan accepts the strict scan accepts too, with the same result. */
function compareScans(text: string): string | undefined {
  const inherited = new Map<string, string>();
  const quick =
    text.startsWith("<") && isCalm(text) ? new QuickScan(DEFAULT_XML_LIMITS).scan(text, 0, "", inherited) : undefined;
  if (quick === undefined) return undefined;
  try {
    const strict = new StrictScan(DEFAULT_XML_LIMITS).elementAt(text, inherited, 0);
    return Bun.deepEquals(quick, strict) ? undefined : "the quick scan reads something else than the strict one";
  } catch (error) {
    return `the quick scan accepts what the strict one refuses: ${error}`;
  }
}

/** A stanza that was read and written is read and written as the same text, with the same children. */
function compareStanzas(text: string): string | undefined {
  if (!accepts(text)) return undefined;
  try {
    const once = Stanza.fromScanned(scanElement(text, DEFAULT_XML_LIMITS)).toString();
    const twice = Stanza.parse(once).toString();
    if (once !== twice) return `the stanza is written as ${once} and then as ${twice}`;
    const [before, after] = [children(text), children(once)];
    return before === after ? undefined : `the stanza holds ${before} and is written with ${after}`;
  } catch (error) {
    if (error instanceof StreamError || error instanceof StanzaError) return undefined;
    return `a stanza that was accepted is not read again: ${error}`;
  }
}

function children(text: string): string {
  const { name, ns, children } = Element.parse(text);
  return elementTree(new Element(name, ns, {}, children));
}

function compareCuts(text: string, size: number): string | undefined {
  const stream = `${HEADER}${text}</stream:stream>`;
  const pieces = stream.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [];
  const [whole, cut] = [events([stream]), events(pieces)];
  return whole === cut ? undefined : `cut into pieces of ${size} the stream reads ${cut} and not ${whole}`;
}

function events(pieces: readonly string[]): string {
  const seen: string[] = [];
  const scanner = new StreamReader(DEFAULT_XML_LIMITS, {
    header: ({ text }) => seen.push(text),
    element: ({ text, ns }) => seen.push(`${ns} ${text}`),
    end: () => seen.push("end"),
  });
  try {
    for (const piece of pieces) scanner.write(piece);
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    seen.push(error.condition);
  }
  return JSON.stringify(seen);
}
