/** No reader of what strangers send takes work out of proportion to its length, whatever that is made of. */
import { beforeAll, describe, expect, test } from "bun:test";
import { readRequest as readRules } from "../../amp/read.ts";
import { capsHash, isAmbiguous } from "../../modules/caps/caps_hash.ts";
import { readForm } from "../../modules/forms/data_form.ts";
import { readArchiveRequest } from "../../modules/mam/archive_request.ts";
import { readResultSet } from "../../modules/result_set.ts";
import { readBody } from "../../transport/bosh/bosh_body.ts";
import { limitKey, peerOfRequest, trustProxies } from "../../transport/client_address.ts";
import { decodeBase64 } from "../../transport/sasl/mechanism_runs.ts";
import { plain } from "../../transport/sasl/plain.ts";
import type { SaslContext } from "../../transport/sasl/sasl_mechanism.ts";
import { scram } from "../../transport/sasl/scram.ts";
import { checkHeader, servedDomain } from "../../transport/stream_header.ts";
import { parseDateTime } from "../../xmpp/date_time.ts";
import { prepareDomain } from "../../xmpp/domain.ts";
import { Jid } from "../../xmpp/jid.ts";
import { NS } from "../../xmpp/ns.ts";
import { opaqueString, usernameCaseMapped } from "../../xmpp/precis.ts";
import { checkPassword, deriveCredentials, type ScramKeys } from "../../xmpp/scram_keys.ts";
import { Stanza } from "../../xmpp/stanza.ts";
import { Element } from "../../xmpp/xml/element.ts";
import { ElementReader, scanElement } from "../../xmpp/xml/element_reader.ts";
import { DEFAULT_XML_LIMITS } from "../../xmpp/xml/scanned_element.ts";
import { StreamReader } from "../../xmpp/xml/stream_reader.ts";
import { WorkMeter } from "./work_meter.ts";

/** Lengths of the inputs. Parts of addresses end at about 3,000, so that the first ones lie far below. */
const SIZES = [256, 3000, 12_000, 48_000];
/** Work for each character and each doubling of the length, which a reader may come to by looking at it a few times. */
const FREE_RATE = 6;

const LIMITS = DEFAULT_XML_LIMITS;
let credentials: Readonly<Record<string, ScramKeys>>;
beforeAll(async () => {
  credentials = await deriveCredentials("pencil", 1);
});

const fill = (size: number, pattern: string) => pattern.repeat(Math.ceil(size / pattern.length)).slice(0, size);
const several = (size: number, piece: (index: number) => string) => {
  let text = "";
  for (let i = 0; text.length < size; i++) text += piece(i);
  return text;
};

/** Text that is no XML. The marks stand in descending order of their classes, which sorting likes least. */
const TEXTS: Readonly<Record<string, (size: number) => string>> = {
  letters: (size) => fill(size, "a"),
  "marks of two classes": (size) => fill(size, "\u0301\u0323"),
  "marks in descending order": (size) => fill(size / 2, "\u0301") + fill(size / 2, "\u0323"),
  "a letter and marks": (size) => `a${fill(size - 1, "\u0301\u0323")}`,
  "marks of half width": (size) => fill(size, "\uff9e\u0301"),
  "full width": (size) => fill(size, "\uff21"),
  "letters and marks": (size) => fill(size, `a${"\u0301\u0323".repeat(14)}`),
  jamo: (size) => fill(size, "\u1100\u1161\u11a8"),
  "right to left": (size) => fill(size, "\u05d0\u05b0"),
  "middle dots": (size) => fill(size, "l\u00b7"),
  blanks: (size) => fill(size, "\u00a0 "),
  digits: (size) => fill(size, "1"),
  "dots and labels": (size) => fill(size, "a."),
  "A-labels": (size) => fill(size, "xn--a."),
  commas: (size) => fill(size, ",="),
  "a date with a long fraction": (size) => `2026-01-01T00:00:00.${fill(size, "1")}Z`,
  slashes: (size) => fill(size, "a@b/"),
  zeros: (size) => fill(size, "\0"),
  colons: (size) => fill(size, "0:"),
};

/** Documents; a stanza's root, so that every reader takes them. */
const stanza = (inner: string, attributes = "") => `<message xmlns="jabber:client"${attributes}>${inner}</message>`;
const XML: Readonly<Record<string, (size: number) => string>> = {
  text: (size) => stanza(`<body>${fill(size, "a")}</body>`),
  references: (size) => stanza(`<body>${fill(size, "&amp;")}</body>`.replace(/&[a-z]*<(?=\/)/, "<")),
  "a reference without an end": (size) => stanza(`<body>${fill(size, "&a")}</body>`),
  "small elements": (size) => stanza(`<x xmlns="y">${several(size, () => "<a/>")}</x>`),
  "elements, deep and flat": (size) => stanza(`<x xmlns="y">${several(size, () => "<a><b><c/></b></a>")}</x>`),
  "one namespace and many prefixed attributes": (size) =>
    stanza(`<x xmlns:p="${fill(size / 2, "n")}">${several(size / 2, () => "<a p:b='' p:c='' p:d='' p:e=''/>")}</x>`),
  "two namespaces that differ at the end": (size) =>
    stanza(
      `<x xmlns:p="${fill(size / 3, "n")}" xmlns:q="${fill(size / 3 - 1, "n")}m">${several(size / 3, () => "<a p:b='' q:b=''/>")}</x>`,
    ),
  "many attributes": (size) => stanza(several(size, () => `<a${several(300, (i) => ` a${i}=""`)}/>`)),
  "many prefixes": (size) => stanza(several(size, () => `<a${several(900, (i) => ` xmlns:p${i}="n${i}"`)}/>`)),
  "many default namespaces": (size) => stanza(several(size, (i) => `<a xmlns="n${i}"/>`)),
  "a long name": (size) => stanza(`<${fill(size / 2, "n")}></${fill(size / 2, "n")}>`),
  "a long attribute": (size) => stanza("", ` id="${fill(size, "a&lt;")}x"`.replace(/&[a-z]*x"/, '"')),
  "a long address": (size) => stanza("", ` to="${fill(size, "\u0301\u0323")}@localhost"`),
  "CDATA sections": (size) => stanza(`<body>${several(size, () => "<![CDATA[a]]>")}</body>`),
  "closing brackets": (size) => stanza(`<body>${fill(size, "]")}</body>`),
  "line ends": (size) => stanza(`<body>${fill(size, "\r\n")}</body>`),
  "quotes that do not end": (size) => stanza(several(size, () => "<a b='>")),
  "no end": (size) => several(size, () => "<a>"),
  "many rules": (size) =>
    stanza(
      `<amp xmlns="${NS.AMP}">${several(size, () => `<rule condition="deliver" value="direct" action="alert"/>`)}</amp>`,
    ),
  "many fields of a form": (size) =>
    stanza(
      `<x xmlns="${NS.DATA}" type="submit">${several(size, (i) => `<field var="f${i}"><value>v</value></field>`)}</x>`,
    ),
  "a long feature among many": (size) =>
    stanza(
      `<query xmlns="${NS.DISCO_INFO}"><feature var="m${fill(size / 2, "n")}"/>${several(size / 2, (i) => `<feature var="f${i}"/>`)}</query>`,
    ),
};

const context: Pick<SaslContext, "domain" | "secret" | "credentials" | "newNonce" | "passwords" | "admit" | "rounds"> =
  {
    domain: "localhost",
    secret: new Uint8Array(32),
    rounds: 1,
    passwords: { check: checkPassword },
    admit: () => {},
    credentials: async () => credentials,
    newNonce: () => "nonce",
  };
const sasl = (mechanism: typeof plain, message: string) =>
  mechanism.start({ ...context, renew: () => {} }).respond(Buffer.from(message));

const TEXT_READERS: Readonly<Record<string, (text: string) => unknown>> = {
  "Jid.parse()": (text) => Jid.parse(text),
  "Jid.parse() of a local part": (text) => Jid.parse(`${text}@localhost`),
  "Jid.parse() of a resource": (text) => Jid.parse(`a@localhost/${text}`),
  "usernameCaseMapped()": usernameCaseMapped,
  "opaqueString()": opaqueString,
  "prepareDomain()": prepareDomain,
  "servedDomain()": (text) => servedDomain(text, ["localhost"]),
  "checkHeader() of from": (text) =>
    checkHeader({ to: "localhost", from: text, version: "1.0" }, ["localhost"], undefined),
  "checkHeader() of version": (text) =>
    checkHeader({ to: "localhost", from: undefined, version: text }, ["localhost"], undefined),
  "deriveCredentials()": (text) => deriveCredentials(text, 1),
  "checkPassword()": (text) => checkPassword(text, credentials),
  "PLAIN's password": (text) => sasl(plain, `\0juliet\0${text}`),
  "PLAIN's user name": (text) => sasl(plain, `\0${text}\0pencil`),
  "PLAIN's authzid": (text) => sasl(plain, `${text}\0juliet\0pencil`),
  "SCRAM's user name": (text) => sasl(scram("SHA-256"), `n,,n=${text},r=abc`),
  "SCRAM's first message": (text) => sasl(scram("SHA-256"), `n,a=${text},n=juliet,r=${text}`),
  "decodeBase64()": decodeBase64,
  "parseDateTime()": parseDateTime,
  "X-Forwarded-For": (text) =>
    peerOfRequest(
      { remote: "127.0.0.1", https: false, forwardedFor: text, forwardedProto: undefined },
      trustProxies([]),
    ),
  "limitKey()": limitKey,
};

/** Trees are made of what the scanner has accepted. */
const tree = (text: string) => Element.parse(scanElement(text, LIMITS).text);
const payload = (text: string) => {
  const read = tree(text);
  return read.elements[0] ?? read;
};
const XML_READERS: Readonly<Record<string, (text: string) => unknown>> = {
  "scanElement()": (text) => scanElement(text, LIMITS),
  "ElementReader of a calm text": (text) => new ElementReader(LIMITS).elementAt(text, new Map(), 0, true),
  "StreamReader, whole": (text) => stream([text]),
  "StreamReader, in pieces": (text) => stream(text.match(/.{1,50}/gs) ?? []),
  "a BOSH body": (text) =>
    readBody(`<body xmlns="${NS.HTTPBIND}" rid="1" sid="s" to="localhost">${text}</body>`, LIMITS),
  "Stanza.parse()": (text) => {
    const read = Stanza.parse(text);
    for (const child of read.children) child.toString();
    return read.toString();
  },
  "Element.parse()": (text) => tree(text).toString(),
  "<amp/>": (text) => readRules(payload(text).toString(), { maxRules: 32, maxHorizonMs: 1 }, 0),
  "readForm()": (text) => readForm(tree(text), NS.AMP),
  "capsHash()": (text) => [isAmbiguous(payload(text)), capsHash(payload(text))],
  "readArchiveRequest()": (text) => readArchiveRequest(payload(text), () => undefined),
  "readResultSet()": (text) => readResultSet(payload(text)),
};

function stream(pieces: readonly string[]): void {
  const scanner = new StreamReader(LIMITS, { header: () => {}, element: () => {}, end: () => {} });
  scanner.write(`<stream:stream xmlns="jabber:client" xmlns:stream="${NS.STREAM}" to="localhost">`);
  for (const piece of pieces) scanner.write(piece);
}

/** Work for each character and each doubling of the length, at each of the lengths. */
async function rates(read: (text: string) => unknown, make: (size: number) => string): Promise<number[]> {
  const found: number[] = [];
  for (const size of SIZES) {
    const text = make(size);
    found.push((await WorkMeter.measure(() => read(text))) / (text.length * Math.log2(text.length)));
  }
  return found;
}

async function expectLinear(read: (text: string) => unknown, inputs: typeof TEXTS): Promise<void> {
  const steep: string[] = [];
  for (const [name, make] of Object.entries(inputs)) {
    const [first = 0, ...later] = await rates(read, make);
    if (Math.max(...later) > 2 * Math.max(first, FREE_RATE)) {
      steep.push(`${name}: ${[first, ...later].map((rate) => rate.toFixed(1)).join(", ")}`);
    }
  }
  expect(steep).toEqual([]);
}

describe("text", () => {
  test.each(Object.entries(TEXT_READERS))("%s", async (_name, read) => {
    await expectLinear(read, TEXTS);
  });
});

describe("marks that fit into an address", () => {
  // The bound on bytes alone would let half a thousand of them be sorted.
  const texts = [TEXTS["marks of two classes"]!(500), TEXTS["marks in descending order"]!(500)];
  test.each(Object.entries(TEXT_READERS))("%s", async (_name, read) => {
    for (const text of texts) {
      const work = await WorkMeter.measure(() => read(text));
      expect(work / (text.length * Math.log2(text.length))).toBeLessThan(2 * FREE_RATE);
    }
  });
});

describe("XML", () => {
  test.each(Object.entries(XML_READERS))("%s", async (_name, read) => {
    await expectLinear(read, XML);
  });
});

test("work out of proportion is seen", async () => {
  const square = (text: string) => text.split("").map((_, i) => text.indexOf("b", i));
  expect(expectLinear(square, { letters: TEXTS.letters! })).rejects.toThrow();
});
