/** The kinds that talk to a live server: none may make it log an error, fall silent or let a stranger in. @module */
import { connect } from "node:net";
import { deflateSync, gzipSync } from "node:zlib";
import type { Random } from "../chaos/random.ts";
import { Element } from "../xmpp/xml/element.ts";
import { scanElement } from "../xmpp/xml/element_reader.ts";
import { DEFAULT_XML_LIMITS } from "../xmpp/xml/scanned_element.ts";
import { XmlError } from "../xmpp/xml/xml_error.ts";
import { stanzaBy } from "./grammar.ts";
import type { Input, Kind } from "./kind.ts";
import { type LiveServer, PASSWORD, startServer, USER } from "./live_server.ts";
import { mutate } from "./mutate.ts";
import { STANZAS } from "./seeds.ts";
import { Socket } from "./socket.ts";

const BATCH = 20;
const HTTP_MS = 300;
const STANZA_ERRORS = "urn:ietf:params:xml:ns:xmpp-stanzas";
const SASL = "urn:ietf:params:xml:ns:xmpp-sasl";
const SASL2 = "urn:xmpp:sasl:2";
const base64 = (text: string) => Buffer.from(text).toString("base64");

let pings = 0;

/**
 * A kind whose inputs go to a server; afterwards another client must get its answer, over a stream and over HTTP, the log must
 * have no error, and no promise of the process may have been left to fail alone.
 */
function live(
  name: string,
  make: (random: Random) => Input,
  play: (server: LiveServer, input: Input) => Promise<string | undefined>,
): Kind {
  return {
    name,
    async open() {
      const server = await startServer();
      const witness = await Socket.login(server.port, "romeo", PASSWORD);
      const unhandled: string[] = [];
      const note = (reason: unknown) => void unhandled.push(String(reason));
      process.on("unhandledRejection", note);
      return {
        make,
        async play(input) {
          const problem = (await play(server, input)) ?? (await silence(witness)) ?? (await silenceOverHttp(server));
          const [fault] = unhandled.splice(0);
          return server.error() ?? (fault === undefined ? problem : `nobody handles ${fault}`);
        },
        async close() {
          process.off("unhandledRejection", note);
          witness.close();
          await server.stop();
        },
      };
    },
  };
}

async function silence(witness: Socket): Promise<string | undefined> {
  const id = `w${pings++}`;
  witness.frames.length = 0;
  witness.send(`<iq xmlns='jabber:client' type='get' id='${id}'><ping xmlns='urn:xmpp:ping'/></iq>`);
  return (await witness.sees(id)) ? undefined : "the server does not answer another client";
}

async function silenceOverHttp({ port }: LiveServer): Promise<string | undefined> {
  const { status } = await fetch(`http://127.0.0.1:${port}/.well-known/host-meta`);
  return status === 200 ? undefined : `another client over HTTP gets status ${status}`;
}

export const stanzaKind = live(
  "stanza",
  (random) => Array.from({ length: BATCH }, () => mutate(random, random.pick(STANZAS), 2)),
  async (server, input) => {
    const socket = await Socket.login(server.port, USER, PASSWORD);
    for (const stanza of input) socket.send(stanza);
    socket.send("<iq xmlns='jabber:client' type='get' id='last'><ping xmlns='urn:xmpp:ping'/></iq>");
    const isAnswered = await socket.sees(`"last"`);
    const { frames, isClosed } = socket;
    socket.close();
    if (!isAnswered && !isClosed) return "the server does not answer the client";
    if (!isAnswered && !frames.some((frame) => /<(stream:)?(error|close)\b/.test(frame)))
      return `the stream ends without a stream error: ${frames.at(-1)}`;
    return frames.map(invalidError).find((problem) => problem !== undefined);
  },
);

export const grammarKind = live(
  "grammar",
  (random) => Array.from({ length: BATCH }, (_, at) => stanzaBy(random, `q${at}`)),
  async (server, input) => {
    const socket = await Socket.login(server.port, USER, PASSWORD);
    for (const stanza of input) socket.send(stanza);
    const asked = input.flatMap((stanza) => /^<iq [^>]*id="(q\d+)" type="[gs]et"/.exec(stanza)?.[1] ?? []);
    let missing: string | undefined;
    for (const id of asked) if (!(await socket.sees(answerTo(id)))) missing ??= id;
    const { frames, isClosed } = socket;
    socket.close();
    // What shrinking has cut may end the stream; what the grammar makes may not.
    if (!input.every(isStanza)) return undefined;
    if (isClosed) return `the stream ends: ${frames.at(-1)}`;
    if (missing !== undefined) return `request ${missing} has no answer`;
    const twice = asked.find((id) => frames.filter((frame) => isAnswer(frame, id)).length > 1);
    if (twice !== undefined) return `request ${twice} has several answers`;
    return frames.map(invalidError).find((problem) => problem !== undefined);
  },
);

function isStanza(text: string): boolean {
  try {
    const { name, ns } = scanElement(text, DEFAULT_XML_LIMITS);
    return ns === "jabber:client" && ["iq", "message", "presence"].includes(name);
  } catch (error) {
    if (error instanceof XmlError) return false;
    throw error;
  }
}

/** As the server writes it. */
const answerTo = (id: string) => ` id="${id}" type="`;

function isAnswer(frame: string, id: string): boolean {
  return frame.startsWith("<iq ") && frame.slice(0, frame.indexOf(">")).includes(` id="${id}"`);
}

/** Stanza errors have a type and a defined condition: RFC 6120 section 8.3. */
function invalidError(frame: string): string | undefined {
  const stanza = Element.parse(frame, "jabber:client");
  if (stanza.attr("type") !== "error" || stanza.ns !== "jabber:client") return undefined;
  const error = stanza.child("error", "jabber:client");
  const isValid = error?.attr("type") !== undefined && error.elements.some(({ ns }) => ns === STANZA_ERRORS);
  return isValid ? undefined : `no valid stanza error: ${frame}`;
}

const DIALOGUE = [
  (secret: string) => `<auth xmlns='${SASL}' mechanism='PLAIN'>${secret}</auth>`,
  (secret: string) => `<auth xmlns='${SASL}' mechanism='SCRAM-SHA-256'>${secret}</auth>`,
  (secret: string) => `<response xmlns='${SASL}'>${secret}</response>`,
  (secret: string) =>
    `<authenticate xmlns='${SASL2}' mechanism='SCRAM-SHA-256'><initial-response>${secret}</initial-response></authenticate>`,
  (secret: string) =>
    `<authenticate xmlns='${SASL2}' mechanism='PLAIN'><initial-response>${secret}</initial-response></authenticate>`,
  (secret: string) => `<response xmlns='${SASL2}'>${secret}</response>`,
  () => `<abort xmlns='${SASL}'/>`,
];
const SECRETS = [
  `\0${USER}\0wrong`,
  `romeo@localhost\0${USER}\0wrong`,
  `n,,n=${USER},r=abcdefgh`,
  "c=biws,r=abcdefgh,p=AAAA",
  `y,a=romeo,n=${USER},r=abcdefgh`,
  "",
];

const PROOF = base64("c=biws,r=abcdefgh,p=AAAA");

export const saslKind = live(
  "sasl",
  (random) =>
    Array.from({ length: random.between(1, 5) }, () => {
      const secret = mutate(random, base64(mutate(random, random.pick(SECRETS), 2)), random.between(0, 1));
      return mutate(random, random.pick(DIALOGUE)(secret), random.between(0, 1));
    }),
  async (server, input) => {
    const socket = await Socket.open(server.port);
    for (const frame of input) {
      // The server's nonce of the exchange so far, so that the proof and not the nonce is refused.
      const challenge = />([^<]+)<\/challenge>/.exec(socket.frames.at(-1) ?? "")?.[1] ?? "";
      const nonce = /r=([^,]+)/.exec(Buffer.from(challenge, "base64").toString())?.[1];
      const proof = base64(`c=biws,r=${nonce},p=${"A".repeat(43)}=`);
      const answered = socket.frames.length;
      socket.send(nonce === undefined ? frame : frame.replace(PROOF, proof));
      await socket.grows(answered);
    }
    socket.send("<end/>");
    const isEnded = await socket.sees("<close");
    const isIn = socket.frames.some((frame) => frame.includes("<success"));
    socket.close();
    if (isIn) return "somebody is let in without the password";
    return isEnded || socket.isClosed ? undefined : "the stream does not end";
  },
);

const BODIES = [
  "<body xmlns='http://jabber.org/protocol/httpbind' rid='100' to='localhost' wait='1' hold='1' ver='1.6' xmpp:version='1.0' xmlns:xmpp='urn:xmpp:xbosh'/>",
  "<body xmlns='http://jabber.org/protocol/httpbind' rid='101' sid='SID' type='terminate'/>",
  "<body xmlns='http://jabber.org/protocol/httpbind' rid='101' sid='SID' pause='5'/>",
  "<body xmlns='http://jabber.org/protocol/httpbind' rid='103' sid='SID' key='a' newkey='b'/>",
  `<body xmlns='http://jabber.org/protocol/httpbind' rid='102' sid='SID'><auth xmlns='${SASL}' mechanism='PLAIN'>AAAA</auth></body>`,
];

/** How a body comes; the word stands before it, so that an input is text. */
const CODINGS: Readonly<Record<string, (body: string) => Bun.BodyInit>> = {
  gzip: gzipSync,
  deflate: deflateSync,
  /** Broken off. */
  half: (body) => gzipSync(body).subarray(0, -9),
  /** Several members, of which the first are empty. */
  members: (body) => Buffer.concat([gzipSync(""), gzipSync(""), gzipSync(body)]),
  /** Not what it claims to be. */
  plain: (body) => body,
};

interface EncodedBody {
  readonly body: Bun.BodyInit;
  readonly headers: Record<string, string>;
}

function encode(input: string, sid: string): EncodedBody {
  const coding = Object.keys(CODINGS).find((name) => input.startsWith(`${name}:`));
  const body = input.slice(coding === undefined ? 0 : coding.length + 1).replaceAll("SID", sid);
  const headers = { "content-type": "text/xml" };
  if (coding === undefined) return { body, headers };
  const encoding = coding === "deflate" ? coding : "gzip";
  return { body: CODINGS[coding]!(body), headers: { ...headers, "content-encoding": encoding } };
}

/** A session id in earlier answers goes where the text says SID. Only statuses below 500 are answers. */
export const boshKind = live(
  "bosh",
  (random) => [
    BODIES[0]!,
    ...Array.from({ length: random.between(1, 3) }, () => coded(random, mutate(random, random.pick(BODIES), 2))),
    random.chance(0.02) ? coded(random, `<body>${"a".repeat(2 ** 20)}</body>`) : BODIES[1]!,
  ],
  async (server, input) => {
    let sid = "none";
    for (const body of input) {
      const response = await Promise.race([
        fetch(`http://127.0.0.1:${server.port}/http-bind`, { method: "POST", ...encode(body, sid) }),
        new Promise<undefined>((resolve) => setTimeout(resolve, HTTP_MS, undefined)),
      ]);
      // A held request is answered when the session continues or ends.
      if (response === undefined) continue;
      if (response.status >= 500) return `HTTP status ${response.status}`;
      sid = /sid=["']([^"']+)/.exec(await response.text())?.[1] ?? sid;
    }
    return undefined;
  },
);

function coded(random: Random, body: string): string {
  return random.chance(0.5) ? `${random.pick(Object.keys(CODINGS))}:${body}` : body;
}

const REQUESTS = [
  "GET /.well-known/host-meta HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
  "GET /.well-known/host-meta.json HTTP/1.1\r\nHost: localhost\r\nOrigin: http://a\r\nConnection: close\r\n\r\n",
  "OPTIONS /http-bind HTTP/1.1\r\nHost: localhost\r\nOrigin: http://a\r\nConnection: close\r\n\r\n",
  "POST /http-bind HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n<a>\r\n0\r\n\r\n",
  "POST /http-bind HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 4\r\n\r\n<a/>",
  "GET /xmpp-websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: xmpp\r\n\r\n",
  "GET /%zz/../http-bind?a=%00 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
];

export const httpKind = live(
  "http",
  (random) => [mutate(random, random.pick(REQUESTS))],
  async (server, [request = ""]) => {
    const status = Number(/^HTTP\/1\.1 (\d+)/.exec(await exchange(server.port, request))?.[1] ?? 0);
    // 501 and 505 tell of methods, encodings and versions that are not known: RFC 9110 section 15.6.
    return status >= 500 && status !== 501 && status !== 505 ? `HTTP status ${status}` : undefined;
  },
);

/** The first output; "" when the connection is closed or the request is incomplete. */
function exchange(port: number, request: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(request));
    const end = (text: string) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(text);
    };
    const timer = setTimeout(end, HTTP_MS, "");
    socket.on("data", (data) => end(data.toString("latin1")));
    socket.on("error", () => end(""));
    socket.on("close", () => end(""));
  });
}
