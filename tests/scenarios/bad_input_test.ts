/** Bad input gets the standard's answer, and harms nobody else: RFC 6120 sections 4.9.3, 6.5, 8.3 and 11, RFC 7395, XEP-0124. */
import { expect } from "bun:test";
import { NS } from "../../xmpp/ns.ts";
import { Element } from "../../xmpp/xml/element.ts";
import { xml } from "../../xmpp/xml/xml.ts";
import type { BoshLink } from "../conversation/bosh_link.ts";
import type { Cast } from "../conversation/cast.ts";
import type { Device } from "../conversation/device.ts";
import type { Transport } from "../conversation/link.ts";
import { ALL, stage } from "../conversation/stage.ts";
import type { WebSocketLink } from "../conversation/websocket_link.ts";

const MAX_BYTES = 10_000;
const scenario = stage({ limits: { stanzaBytes: MAX_BYTES } });

const SOCKETS: readonly Transport[] = ALL.filter((transport) => transport !== "bosh");

/** Two who talk while Tybalt misbehaves, and who go on talking afterwards. */
async function undisturbed({ romeo, juliet }: Cast, misbehave: () => Promise<void>): Promise<void> {
  await romeo.online();
  await juliet.online();
  romeo.sends(xml`<message to="${juliet.full}" type="chat"><body>Before</body></message>`);
  await misbehave();
  romeo.sends(xml`<message to="${juliet.full}" type="chat"><body>After</body></message>`);
  juliet.sends(xml`<message to="${romeo.bare}" type="chat"><body>All is well</body></message>`);
  await juliet.receives(xml`<message><body>Before</body></message>`);
  await juliet.receives(xml`<message><body>After</body></message>`);
  await romeo.receives(xml`<message><body>All is well</body></message>`);
}

interface Misdeed {
  readonly clause: string;
  readonly what: string;
  readonly text: string | ((tybalt: Device, juliet: Device) => string);
  /** The stream error. */
  readonly condition: string;
  /** The terminal condition on BOSH, where the fault is in the body and not in the stream. */
  readonly bosh?: string;
  readonly transports?: readonly Transport[];
  readonly failing?: readonly Transport[];
}

const message = (content: string) => `<message xmlns="jabber:client" type="chat">${content}</message>`;

const MISDEEDS: readonly Misdeed[] = [
  {
    clause: "4.9.3.13",
    what: "tags that do not match",
    text: message("<body></message></body>"),
    condition: "not-well-formed",
    bosh: "bad-request",
  },
  {
    clause: "4.9.3.13",
    what: "an attribute twice",
    text: `<message xmlns="jabber:client" id="a" id="b"/>`,
    condition: "not-well-formed",
    bosh: "bad-request",
  },
  {
    clause: "4.9.3.13",
    what: "a control character",
    text: message("<body>\u0007</body>"),
    condition: "not-well-formed",
    bosh: "bad-request",
  },
  {
    clause: "4.9.3.13",
    what: "a stray ampersand",
    text: message("<body>a & b</body>"),
    condition: "not-well-formed",
    bosh: "bad-request",
  },
  {
    clause: "11.1",
    what: "a comment",
    text: message("<!-- secret --><body/>"),
    condition: "restricted-xml",
    bosh: "bad-request",
  },
  {
    clause: "11.1",
    what: "a processing instruction",
    text: message("<?php evil ?><body/>"),
    condition: "restricted-xml",
    bosh: "bad-request",
  },
  {
    clause: "11.1",
    what: "a DTD",
    text: `<!DOCTYPE message [<!ENTITY a "aaaa">]>${message("<body>&a;</body>")}`,
    condition: "restricted-xml",
    bosh: "bad-request",
    transports: ["bosh", "tcp"],
  },
  {
    clause: "11.1",
    what: "an entity of its own",
    text: message("<body>&a;</body>"),
    condition: "restricted-xml",
    bosh: "bad-request",
  },
  {
    clause: "4.9.3.2",
    what: "a prefix that nobody has declared",
    text: message("<body><x:y/></body>"),
    condition: "bad-namespace-prefix",
    bosh: "bad-request",
  },
  {
    clause: "4.9.3.24",
    what: "a stanza of no known kind",
    text: `<letter xmlns="jabber:client"/>`,
    condition: "unsupported-stanza-type",
  },
  {
    clause: "4.9.3.24",
    what: "a stanza in the wrong namespace",
    text: `<message xmlns="jabber:server"><body/></message>`,
    condition: "unsupported-stanza-type",
  },
  {
    clause: "4.9.3.24",
    what: "a stanza in no namespace",
    text: `<message xmlns=""><body/></message>`,
    condition: "unsupported-stanza-type",
  },
  {
    clause: "8.1.2.1",
    what: "a from of somebody else",
    text: (_, juliet) =>
      `<message xmlns="jabber:client" from="${juliet.full}" to="${juliet.bare}"><body>Trust me</body></message>`,
    condition: "invalid-from",
  },
  {
    clause: "13.12",
    what: "a stanza that is too large",
    text: message(`<body>${"x".repeat(MAX_BYTES + 2000)}</body>`),
    condition: "policy-violation",
  },
  {
    clause: "13.12",
    what: "a stanza that is too deep",
    text: message(`${"<a>".repeat(40)}${"</a>".repeat(40)}`),
    condition: "policy-violation",
  },
  {
    clause: "13.12",
    what: "a stanza with too many attributes",
    text: `<message xmlns="jabber:client" ${Array.from({ length: 100 }, (_, at) => `a${at}="1"`).join(" ")}/>`,
    condition: "policy-violation",
    bosh: "policy-violation",
  },
  {
    clause: "4.3.3",
    what: "SASL after the login",
    text: `<auth xmlns="${NS.SASL}" mechanism="PLAIN">AGEAYg==</auth>`,
    condition: "unsupported-stanza-type",
  },
  {
    clause: "11.4, RFC 7395 3.3",
    what: "text instead of a stanza",
    text: "Hello!",
    condition: "not-well-formed",
    bosh: "bad-request",
  },
  {
    clause: "RFC 7395 3.3",
    what: "a second root in a frame",
    text: message("<body/>").repeat(2),
    condition: "not-well-formed",
    transports: ["websocket"],
  },
  {
    clause: "RFC 7395 3.4",
    what: "a second header",
    text: `<open xmlns="${NS.FRAMING}" to="localhost" version="1.0"/>`,
    condition: "bad-format",
    transports: ["websocket"],
  },
];

for (const { clause, what, text, condition, bosh, transports = ALL, failing = [] } of MISDEEDS) {
  scenario(`6120 ${clause}: ${what}: ${condition}`, { transports, failing }, async (cast) => {
    const { tybalt, juliet, transport } = cast;
    await undisturbed(cast, async () => {
      await tybalt.online();
      tybalt.sendsRaw(typeof text === "string" ? text : text(tybalt, juliet));
      if (transport === "bosh" && bosh !== undefined) await tybalt.isTerminated(bosh);
      else await tybalt.isThrownOut(condition);
    });
  });
}

scenario("RFC 7395 3.2: a binary frame is bad-format", { transports: ["websocket"] }, async (cast) => {
  await undisturbed(cast, async () => {
    await cast.tybalt.online();
    (cast.tybalt.link as WebSocketLink).sendBinary(Buffer.from(message("<body/>")));
    await cast.tybalt.isThrownOut("bad-format");
  });
});

scenario("6120 13.12: a flood without end of one stanza ends the connection", { transports: SOCKETS }, async (cast) => {
  await undisturbed(cast, async () => {
    await cast.tybalt.online();
    cast.tybalt.sendsRaw(message("x".repeat(20 * MAX_BYTES)));
    await cast.tybalt.isDisconnected();
    await cast.tybalt.ignores();
  });
});

scenario(
  "6120 4.6.1: white space between stanzas keeps the connection alive and means nothing",
  { transports: SOCKETS },
  async ({ romeo }) => {
    await romeo.online();
    for (let time = 0; time < 3; time++) romeo.sendsRaw(" ");
    await romeo.receivesNothing();
  },
);

// Before authentication

for (const [what, text] of Object.entries({
  "a message": message("<body/>"),
  presence: `<presence xmlns="jabber:client"/>`,
  "an IQ": `<iq xmlns="jabber:client" type="get" id="1"><ping xmlns="${NS.PING}"/></iq>`,
  "a bind request": `<iq xmlns="jabber:client" type="set" id="1"><bind xmlns="${NS.BIND}"/></iq>`,
})) {
  scenario(`6120 4.9.3.12: ${what} before authentication: not-authorized`, async (cast) => {
    await undisturbed(cast, async () => {
      await cast.tybalt.connects();
      cast.tybalt.sendsRaw(text);
      await cast.tybalt.isThrownOut("not-authorized");
    });
  });
}

scenario("6120 7.1: a stanza before a resource is bound: not-authorized", async (cast) => {
  await undisturbed(cast, async () => {
    await cast.tybalt.connects();
    await cast.tybalt.authenticates();
    cast.tybalt.sendsRaw(`<message xmlns="jabber:client" to="${cast.juliet.bare}"><body/></message>`);
    await cast.tybalt.isThrownOut("not-authorized");
  });
});

interface Header {
  readonly clause: string;
  readonly what: string;
  readonly to: string | undefined;
  readonly version: string | undefined;
  readonly condition: string;
}

const HEADERS: readonly Header[] = [
  {
    clause: "4.9.3.6",
    what: "a host that is not ours",
    to: "capulet.example",
    version: "1.0",
    condition: "host-unknown",
  },
  { clause: "4.9.3.7", what: "no host", to: undefined, version: "1.0", condition: "improper-addressing" },
  { clause: "4.9.3.25", what: "no version", to: "localhost", version: undefined, condition: "unsupported-version" },
];

for (const { clause, what, to, version, condition } of HEADERS) {
  scenario(
    `6120 ${clause}: a stream header with ${what}: ${condition}`,
    { transports: SOCKETS },
    async ({ tybalt, transport }) => {
      const attributes = `${to === undefined ? "" : ` to="${to}"`}${version === undefined ? "" : ` version="${version}"`}`;
      await tybalt.opensConnection();
      if (transport === "websocket") {
        tybalt.sendsRaw(`<open xmlns="${NS.FRAMING}"${attributes}/>`);
        await tybalt.gets("open", NS.FRAMING);
      } else {
        tybalt.sendsRaw(`<stream:stream xmlns="jabber:client" xmlns:stream="${NS.STREAM}"${attributes}>`);
        await tybalt.gets("stream", NS.STREAM);
      }
      await tybalt.isThrownOut(condition);
    },
  );
}

scenario(
  "6120 4.9.3.10: a stream in the wrong namespace: invalid-namespace",
  { transports: SOCKETS },
  async ({ tybalt, transport }) => {
    await tybalt.opensConnection();
    if (transport === "websocket") tybalt.sendsRaw(`<open xmlns="urn:wrong" to="localhost" version="1.0"/>`);
    else tybalt.sendsRaw(`<stream:stream xmlns="jabber:client" xmlns:stream="urn:wrong" to="localhost" version="1.0">`);
    await tybalt.gets(
      transport === "websocket" ? "open" : "stream",
      transport === "websocket" ? NS.FRAMING : NS.STREAM,
    );
    await tybalt.isThrownOut("invalid-namespace");
  },
);

// SASL

const plain = (text: string) => Buffer.from(text).toString("base64");

for (const [what, mechanism, data, condition] of [
  ["an unknown mechanism", "CRAM-MD5", undefined, "invalid-mechanism"],
  ["no mechanism", "", undefined, "invalid-mechanism"],
  ["data that is no base64", "PLAIN", "***", "incorrect-encoding"],
  ["data that is no PLAIN message", "PLAIN", plain("romeo"), "malformed-request"],
  ["a wrong password", "PLAIN", plain("\0romeo\0wrong"), "not-authorized"],
  ["an account that is not there", "PLAIN", plain("\0nobody\0wrong"), "not-authorized"],
  ["somebody else to act for", "PLAIN", plain("juliet@localhost\0romeo\0wrong"), undefined],
  ["a SCRAM message without a nonce", "SCRAM-SHA-256", plain("n,,n=romeo"), undefined],
] as const) {
  scenario(
    `6120 6.5: SASL with ${what}: ${condition ?? "a failure"}, and another attempt is open`,
    async ({ tybalt }) => {
      await tybalt.connects();
      tybalt.sendsRaw(xml`<auth xmlns="${NS.SASL}" mechanism="${mechanism}">${data}</auth>`.text);
      const failure = await tybalt.gets("failure", NS.SASL);
      if (condition !== undefined) expect(failure.elements[0]?.name).toBe(condition);
      await tybalt.authenticates();
      await tybalt.binds();
    },
  );
}

scenario("6120 6.4.4: an exchange that the client aborts ends with aborted", async ({ tybalt }) => {
  await tybalt.connects();
  tybalt.sendsRaw(
    xml`<auth xmlns="${NS.SASL}" mechanism="SCRAM-SHA-256">${plain(`n,,n=${tybalt.local},r=abc`)}</auth>`.text,
  );
  await tybalt.gets("challenge", NS.SASL);
  tybalt.sendsRaw(`<abort xmlns="${NS.SASL}"/>`);
  const failure = await tybalt.gets("failure", NS.SASL);
  expect(failure.child("aborted", NS.SASL)).toBeDefined();
  await tybalt.authenticates();
});

scenario("6120 6.4.5: too many failed logins end the stream", async (cast) => {
  const { tybalt } = cast;
  await undisturbed(cast, async () => {
    await tybalt.connects();
    for (let attempt = 0; attempt < 5; attempt++) {
      tybalt.sendsRaw(xml`<auth xmlns="${NS.SASL}" mechanism="PLAIN">${plain(`\0${tybalt.local}\0wrong`)}</auth>`.text);
      await tybalt.gets("failure", NS.SASL);
    }
    await tybalt.isThrownOut("policy-violation");
  });
});

// Stanza errors

scenario("6120 8.3.3.8: an address that is no JID: jid-malformed, and the stream goes on", async (cast) => {
  const { tybalt, juliet } = cast;
  await undisturbed(cast, async () => {
    await tybalt.online();
    for (const to of ["@localhost", "juliet@", "a@b@c", "juliet@local host", `juliet@localhost/${"r".repeat(1100)}`]) {
      tybalt.sends(xml`<message to="${to}" id="m1" type="chat"><body>Hi</body></message>`);
      await tybalt.receives(
        xml`<message type="error" id="m1"><error type="modify"><jid-malformed xmlns="${NS.STANZAS}"/></error></message>`,
      );
      const answer = await tybalt.asks(xml`<iq type="get" to="${to}"><ping xmlns="${NS.PING}"/></iq>`);
      expect(answer.child("error", NS.CLIENT)?.child("jid-malformed", NS.STANZAS)).toBeDefined();
    }
    await tybalt.pings(juliet.bare);
  });
});

scenario(
  "6120 7.7.2.1: a resource that is no resource: bad-request, and another attempt is open",
  async ({ tybalt }) => {
    await tybalt.connects();
    await tybalt.authenticates();
    const answer = await tybalt.asks(
      xml`<iq type="set"><bind xmlns="${NS.BIND}"><resource>${"r".repeat(1100)}</resource></bind></iq>`,
    );
    expect(answer.child("error", NS.CLIENT)?.child("bad-request", NS.STANZAS)).toBeDefined();
    await tybalt.binds();
  },
);

// BOSH

const post = async ({ server, tybalt }: Cast, body: string): Promise<Element> => {
  const url = `http://127.0.0.1:${server.addressFor(tybalt.client).httpPort}/http-bind`;
  const response = await fetch(url, { method: "POST", headers: { "content-type": "text/xml" }, body });
  return Element.parse(await response.text());
};
const boshOf = (device: Device) => device.link as BoshLink;

scenario("XEP-0124 17.2: a session that is not there: item-not-found", { transports: ["bosh"] }, async (cast) => {
  await undisturbed(cast, async () => {
    const body = await post(cast, `<body xmlns="${NS.HTTPBIND}" sid="nobody" rid="5"/>`);
    expect(body.attributes).toMatchObject({ type: "terminate", condition: "item-not-found" });
  });
});

scenario(
  "XEP-0124 14.2: a rid outside the window: item-not-found, and the session is over",
  { transports: ["bosh"] },
  async (cast) => {
    const { tybalt } = cast;
    await undisturbed(cast, async () => {
      await tybalt.online();
      const { sid, rid } = boshOf(tybalt);
      const body = await post(cast, `<body xmlns="${NS.HTTPBIND}" sid="${sid}" rid="${rid + 10}"/>`);
      expect(body.attributes).toMatchObject({ type: "terminate", condition: "item-not-found" });
      await tybalt.isTerminated("other-request");
    });
  },
);

scenario(
  "XEP-0124 14.3: a rid that is long answered: item-not-found, and the session is over",
  { transports: ["bosh"] },
  async (cast) => {
    const { tybalt } = cast;
    await undisturbed(cast, async () => {
      await tybalt.online();
      const { sid, rid } = boshOf(tybalt);
      const body = await post(cast, `<body xmlns="${NS.HTTPBIND}" sid="${sid}" rid="${rid - 5}"/>`);
      expect(body.attributes).toMatchObject({ type: "terminate", condition: "item-not-found" });
      await tybalt.isTerminated("other-request");
    });
  },
);

scenario(
  "XEP-0124 11, 12: requests beyond what is granted, empty and too often: policy-violation",
  { transports: ["bosh"] },
  async (cast) => {
    const { tybalt } = cast;
    await undisturbed(cast, async () => {
      await tybalt.online();
      const { sid, rid } = boshOf(tybalt);
      const body = await post(cast, `<body xmlns="${NS.HTTPBIND}" sid="${sid}" rid="${rid + 1}"/>`);
      expect(body.attributes).toMatchObject({ type: "terminate", condition: "policy-violation" });
      await tybalt.isTerminated("other-request");
    });
  },
);

for (const [what, body, condition] of [
  [
    "for a host that is not ours",
    `<body xmlns="${NS.HTTPBIND}" rid="1" to="capulet.example" wait="1" hold="1" ver="1.6"/>`,
    "host-unknown",
  ],
  ["without a host", `<body xmlns="${NS.HTTPBIND}" rid="1" wait="1" hold="1" ver="1.6"/>`, "improper-addressing"],
  ["without a rid", `<body xmlns="${NS.HTTPBIND}" to="localhost" wait="1" hold="1" ver="1.6"/>`, "bad-request"],
  [
    "in the wrong namespace",
    `<body xmlns="urn:wrong" rid="1" to="localhost" wait="1" hold="1" ver="1.6"/>`,
    "bad-request",
  ],
  ["that is no XML", "to be or not to be", "bad-request"],
] as const) {
  scenario(`XEP-0124 17.2: a session request ${what}: ${condition}`, { transports: ["bosh"] }, async (cast) => {
    const answer = await post(cast, body);
    expect(answer.attributes).toMatchObject({ type: "terminate", condition });
  });
}
