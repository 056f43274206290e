import { describe, expect, spyOn, test } from "bun:test";
import type { SessionHandle } from "../../../actors/session_service.ts";
import { PASSWORD_CHANGES } from "../../../modules/passwords.ts";
import { createStreamLimits } from "../../../transport/stream_limits.ts";
import { StanzaError, StreamError } from "../../../xmpp/errors.ts";
import { NS } from "../../../xmpp/ns.ts";
import { Element } from "../../../xmpp/xml/element.ts";
import { settled, waitFor } from "../fake_carrier.ts";
import { bindIq, FakeSession, plainAuth, USER } from "../fake_services.ts";
import { authenticate, base64, CLIENT, plain, Sasl2Client, sasl2Services, tokenLogin } from "./sasl2_client.ts";
import { scramFinal } from "./scram_client.ts";

const BIND = `<bind xmlns="${NS.BIND2}"/>`;
const FEATURES = { name: "features", ns: NS.STREAM };

function openClient(services = sasl2Services(), transport: "tcp" | "bosh" | "websocket" = "tcp"): Sasl2Client {
  const client = new Sasl2Client(services, transport);
  client.open();
  return client;
}

/** The condition of a `<failure/>`, with its text where it has one. */
function conditionOf(answer: Element | undefined): string {
  expect(answer).toMatchObject({ name: "failure", ns: NS.SASL2 });
  const [condition] = answer!.elements;
  expect(condition!.ns).toBe(NS.SASL);
  return condition!.name;
}

const identifier = (success: Element | undefined) => success?.child("authorization-identifier", NS.SASL2)?.text;

describe("SASL2: the offer", () => {
  const offer = (client: Sasl2Client) => client.sent.at(-1)!.match(/<authentication .*<\/authentication>/)?.[0];

  test("names mechanisms and what can be had with them", () => {
    expect(offer(openClient())).toBe(
      '<authentication xmlns="urn:xmpp:sasl:2"><mechanism>SCRAM-SHA-512</mechanism><mechanism>SCRAM-SHA-256</mechanism>' +
        "<mechanism>SCRAM-SHA-1</mechanism><mechanism>PLAIN</mechanism><inline>" +
        '<sm xmlns="urn:xmpp:sm:3"/><bind xmlns="urn:xmpp:bind:0"><inline><feature var="urn:xmpp:carbons:2"/>' +
        '<feature var="urn:xmpp:csi:0"/><feature var="urn:xmpp:sm:3"/></inline></bind>' +
        '<fast xmlns="urn:xmpp:fast:0"><mechanism>HT-SHA-256-NONE</mechanism></fast></inline></authentication>',
    );
  });

  test("has no stream management on BOSH", () => {
    expect(offer(openClient(sasl2Services(), "bosh"))).not.toContain(NS.SM);
  });

  test.each([
    [{ encrypted: false, loopback: false }, "none", false],
    [{ encrypted: true, loopback: false }, "none", true],
    [{ encrypted: false, loopback: false }, "required", false],
  ] as const)("on %j with STARTTLS %s: %p", (security, startTlsOffer, expected) => {
    const client = new Sasl2Client(sasl2Services());
    Object.assign(client, { security, startTlsOffer });
    client.open();
    expect(offer(client) !== undefined).toBe(expected);
  });

  test("with channel binding has the -PLUS mechanisms first, and the types beside it (XEP-0440)", () => {
    const client = new Sasl2Client(sasl2Services());
    const channelBindings = new Map([
      ["tls-exporter", new Uint8Array(32)],
      ["tls-server-end-point", new Uint8Array(32)],
    ]);
    client.security = { encrypted: true, loopback: false, channelBindings };
    client.open();
    const features = client.sent.at(-1)!;
    expect(offer(client)).toStartWith(
      '<authentication xmlns="urn:xmpp:sasl:2"><mechanism>SCRAM-SHA-512-PLUS</mechanism>' +
        "<mechanism>SCRAM-SHA-256-PLUS</mechanism><mechanism>SCRAM-SHA-1-PLUS</mechanism><mechanism>SCRAM-SHA-512</mechanism>",
    );
    expect(features).toContain(
      "<mechanism>HT-SHA-256-EXPR</mechanism><mechanism>HT-SHA-256-ENDP</mechanism><mechanism>HT-SHA-256-NONE</mechanism>",
    );
    expect(features).toContain(
      '<sasl-channel-binding xmlns="urn:xmpp:sasl-cb:0"><channel-binding type="tls-exporter"/>' +
        '<channel-binding type="tls-server-end-point"/></sasl-channel-binding>',
    );
    expect(features.match(/<mechanisms .*<\/mechanisms>/)?.[0]).not.toContain("PLUS");
  });
});

describe("SASL2: authentication", () => {
  test("succeeds with the bare JID and the features of the next step, without a restart", async () => {
    const client = openClient();
    const [success, features] = await client.ask(plain());
    expect(success!.toString()).toBe(
      '<success xmlns="urn:xmpp:sasl:2"><authorization-identifier>user@localhost</authorization-identifier></success>',
    );
    expect(features).toMatchObject(FEATURES);
    expect(features!.child("bind", NS.BIND)).toBeDefined();
    const [bound] = await client.ask(bindIq());
    expect(bound!.child("bind", NS.BIND)!.child("jid", NS.BIND)!.text).toBe("user@localhost/r");
    expect(client.sent).not.toContain("restart");
  });

  test("takes an exchange of challenge and response", async () => {
    const client = openClient();
    const first = "n=user,r=abc";
    const [challenge] = await client.ask(authenticate("SCRAM-SHA-256", { data: `n,,${first}`, content: BIND }));
    expect(challenge).toMatchObject({ name: "challenge", ns: NS.SASL2 });
    const { final, signature } = scramFinal(first, Buffer.from(challenge!.text, "base64").toString());
    const [success] = await client.ask(`<response xmlns="${NS.SASL2}">${base64(final)}</response>`);
    expect(success!.child("additional-data", NS.SASL2)!.text).toBe(base64(`v=${signature}`));
    expect(identifier(success)).toStartWith("user@localhost/");
  });

  test("asks for an initial response that was left out", async () => {
    const client = openClient();
    const [challenge] = await client.ask(authenticate("PLAIN"));
    expect(challenge!.toString()).toBe(`<challenge xmlns="${NS.SASL2}"/>`);
    const [success] = await client.ask(`<response xmlns="${NS.SASL2}">${base64("\0user\0pencil")}</response>`);
    expect(success!.name).toBe("success");
  });

  test("reads elements with a prefix", async () => {
    const client = openClient();
    const text = plain(BIND).replace("<authenticate xmlns=", "<s:authenticate xmlns:s=");
    const prefixed = text
      .replace("</authenticate>", "</s:authenticate>")
      .replaceAll("<initial-response", "<s:initial-response")
      .replaceAll("</initial-response", "</s:initial-response");
    const [success] = await client.ask(prefixed);
    expect(identifier(success)).toStartWith("user@localhost/");
  });

  test.each([
    ["a wrong password", plain("", CLIENT, "pen"), "not-authorized"],
    ["an unknown account", authenticate("PLAIN", { data: "\0nobody\0pencil" }), "not-authorized"],
    ["an unknown mechanism", authenticate("DIGEST-MD5"), "invalid-mechanism"],
    ["no mechanism", `<authenticate xmlns="${NS.SASL2}"/>`, "invalid-mechanism"],
    ["a mechanism that is not offered here", authenticate("SCRAM-SHA-256-PLUS"), "invalid-mechanism"],
    ["a token mechanism without <fast/>", authenticate("HT-SHA-256-NONE", { data: "x" }), "invalid-mechanism"],
    ["<fast/> with a mechanism for passwords", plain(`<fast xmlns="${NS.FAST}"/>`), "invalid-mechanism"],
    ["a token that nobody gave", tokenLogin("x"), "not-authorized"],
    ["a token of a client without id", tokenLogin("x", "", { client: "" }), "malformed-request"],
    ["a token of a client whose id is no UUID", tokenLogin("x", "", { client: "my phone" }), "malformed-request"],
    ["a count that is none", tokenLogin("x", ' count="1x"'), "malformed-request"],
    [
      "data that is no base64",
      plain().replace(/<initial-response>.*?</, "<initial-response>a=b<"),
      "incorrect-encoding",
    ],
    ["an element for data", plain().replace(/<initial-response>.*?</, "<initial-response><x/><"), "malformed-request"],
    [
      "an authzid of somebody else",
      authenticate("PLAIN", { data: "romeo@localhost\0user\0pencil" }),
      "invalid-authzid",
    ],
    ["a response out of place", `<response xmlns="${NS.SASL2}"/>`, "malformed-request"],
    ["an abort out of place", `<abort xmlns="${NS.SASL2}"/>`, "aborted"],
    ["a task", `<next xmlns="${NS.SASL2}" task="TOTP"/>`, "malformed-request"],
  ])("refuses %s", async (_what, text, condition) => {
    const client = openClient();
    const [failure] = await client.ask(text);
    expect(conditionOf(failure)).toBe(condition);
    expect(client.isClosed).toBe(false);
    expect((await client.ask(plain()))[0]!.name).toBe("success");
  });

  test("does not look into what it does not know, however much there is of it", async () => {
    const parse = spyOn(Element, "parse");
    const client = openClient();
    client.take();
    await client.receive(plain('<x xmlns="urn:x"><y/></x>'.repeat(500)));
    await waitFor(() => client.sent.length > 0);
    expect(client.sent.join()).toContain("<authorization-identifier>user@localhost<");
    const parsed = parse.mock.calls.map(([text]) => text.length);
    parse.mockRestore();
    expect(parsed.length).toBeGreaterThan(0);
    expect(Math.max(...parsed)).toBeLessThan(1000);
  });

  test.each([
    ["a bind request", `<bind xmlns="${NS.BIND2}">${"<x/>".repeat(4000)}</bind>`],
    ["an initial response", `<initial-response>${"YQ==".repeat(4000)}</initial-response>`],
  ])("refuses %s that is too long", async (_what, content) => {
    const [failure] = await openClient().ask(
      `<authenticate xmlns="${NS.SASL2}" mechanism="PLAIN">${content}</authenticate>`,
    );
    expect(conditionOf(failure)).toBe("malformed-request");
  });

  test("refuses an authzid that the stream header contradicts", async () => {
    const client = new Sasl2Client(sasl2Services());
    client.open({ from: "juliet@localhost" });
    const [failure] = await client.ask(authenticate("PLAIN", { data: "user@localhost\0user\0pencil" }));
    expect(conditionOf(failure)).toBe("invalid-authzid");
  });

  test("is refused where it is not offered", async () => {
    const client = new Sasl2Client(sasl2Services({ plainWithoutTls: "always" }));
    client.security = { encrypted: false, loopback: false };
    client.open();
    expect(conditionOf((await client.ask(plain()))[0])).toBe("encryption-required");
  });

  test("can be aborted, and begun again", async () => {
    const client = openClient();
    await client.ask(authenticate("SCRAM-SHA-256", { data: "n,,n=user,r=abc" }));
    const [failure] = await client.ask(`<abort xmlns="${NS.SASL2}"><text>No</text></abort>`);
    expect(conditionOf(failure)).toBe("aborted");
    expect((await client.ask(plain()))[0]!.name).toBe("success");
  });

  test.each([
    ["a stanza", "<presence/>"],
    ["plain SASL", plainAuth("user")],
    ["a registration", '<iq type="get" id="1"><query xmlns="jabber:iq:register"/></iq>'],
  ])("ends the stream where %s comes between challenge and response (section 3.4)", async (_what, text) => {
    const client = openClient();
    await client.ask(authenticate("SCRAM-SHA-256", { data: "n,,n=user,r=abc" }));
    await client.receive(text);
    expect(client.closedWith?.condition).toBe("not-authorized");
  });

  test("ends the stream at a second one (section 5.8)", async () => {
    const client = openClient();
    await client.ask(plain());
    await client.receive(plain());
    expect(client.closedWith?.condition).toBe("not-authorized");
  });

  test("shares its attempts with plain SASL", async () => {
    const client = openClient();
    await client.ask(plain("", CLIENT, "no"));
    await client.receive(plainAuth("user", "no"));
    await client.ask(plain("", CLIENT, "no"));
    await waitFor(() => client.isClosed);
    expect(client.closedWith?.condition).toBe("policy-violation");
  });

  test("leaves plain SASL as it is", async () => {
    const client = openClient();
    await client.receive(plainAuth("user"));
    await waitFor(() => client.sent.includes("restart"));
    expect(client.sent).toContain(`<success xmlns="${NS.SASL}"/>`);
  });
});

describe("Bind 2", () => {
  test("binds a resource: tag, then an id that stays with the client (XEP-0386 section 3.2.1)", async () => {
    const services = sasl2Services();
    const jids: (string | undefined)[] = [];
    const tag = `<bind xmlns="${NS.BIND2}"><tag>Awesome XMPP</tag></bind>`;
    const other = CLIENT.replace("d", "e");
    for (const [bind, client] of [
      [tag, CLIENT],
      [tag, CLIENT.toUpperCase()],
      [tag, other],
      [tag, ""],
      [tag, ""],
      [BIND, CLIENT],
    ] as const) {
      const [success, features] = await openClient(services).ask(plain(bind, client));
      expect(success!.child("bound", NS.BIND2)!.toString(NS.BIND2)).toBe("<bound/>");
      expect(features).toMatchObject(FEATURES);
      jids.push(identifier(success));
    }
    expect(jids[0]).toMatch(/^user@localhost\/Awesome XMPP\/[\w-]{14}$/);
    expect(jids[1]).toBe(jids[0]);
    expect(jids[5]).toMatch(/^user@localhost\/[\w-]{14}$/);
    expect(new Set(jids).size).toBe(5);
    expect(jids.join()).not.toContain(CLIENT.slice(0, 8));
    const clients = services.sessions.bound.map(({ request }) => request.client);
    expect(clients).toEqual([CLIENT, CLIENT, other, undefined, undefined, CLIENT]);
  });

  test("leaves out a tag that fits into no resource", async () => {
    const [success] = await openClient().ask(plain(`<bind xmlns="${NS.BIND2}"><tag>${"x".repeat(1020)}</tag></bind>`));
    expect(identifier(success)).toMatch(/^user@localhost\/[\w-]{14}$/);
  });

  test("announces neither binding nor, once it is on, stream management", async () => {
    const [, without] = await openClient().ask(plain(BIND));
    expect(without!.elements.map(({ name }) => name)).toEqual(["sm"]);
    const services = sasl2Services();
    services.sessions.onBind = (request) => answering(new FakeSession(USER.withResource("r"), request));
    const [success, managed] = await openClient(services).ask(
      plain(`<bind xmlns="${NS.BIND2}"><enable xmlns="${NS.SM}" resume="true"/></bind>`),
    );
    expect(success!.child("bound", NS.BIND2)!.child("enable", NS.SM)!.attr("resume")).toBe("true");
    expect(managed!.elements).toEqual([]);
  });

  test("hands marks and first elements to the session", async () => {
    const services = sasl2Services();
    const content = `<enable xmlns="${NS.CARBONS}"/><inactive xmlns="${NS.CSI}"/><unknown xmlns="urn:nothing"/>`;
    await openClient(services).ask(plain(`<bind xmlns="${NS.BIND2}">${content}</bind>`));
    const { marks, inbound } = services.sessions.last.request;
    expect(marks).toEqual(["carbons"]);
    expect(inbound!.map(({ text }) => text)).toEqual([`<inactive xmlns="${NS.CSI}"/>`]);
  });

  test("tells where the archive begins and ends", async () => {
    const [success] = await openClient(sasl2Services({}, { first: 1, last: 2 })).ask(plain(BIND));
    const metadata = success!.child("bound", NS.BIND2)!.child("metadata", NS.MAM)!;
    expect(metadata.child("start", NS.MAM)!.attr("id")).toBe("id-of-1");
    expect(metadata.child("end", NS.MAM)!.attr("id")).toBe("id-of-2");
  });

  test("that fails leaves the client with plain binding", async () => {
    const services = sasl2Services();
    services.sessions.onBind = () => {
      throw new StanzaError("resource-constraint");
    };
    const client = openClient(services);
    const [success, features] = await client.ask(plain(BIND));
    expect(identifier(success)).toBe("user@localhost");
    expect(success!.child("bound", NS.BIND2)).toBeUndefined();
    expect(features!.child("bind", NS.BIND)).toBeDefined();
    const [error] = await client.ask(bindIq());
    expect(error!.attr("type")).toBe("error");
  });

  test("does not happen where authentication fails", async () => {
    const services = sasl2Services();
    await openClient(services).ask(plain(BIND, CLIENT, "pen"));
    expect(services.sessions.bound).toEqual([]);
  });

  test("keeps back what the session sends until success is told", async () => {
    const services = sasl2Services();
    services.sessions.onBind = async (request) => {
      request.connection.send("<message/>");
      expect(request.connection.probe(1)).toBe(false);
      await settled();
      return new FakeSession(USER.withResource("r"), request);
    };
    const client = openClient(services);
    const answers = await client.ask(plain(BIND));
    expect(answers.map(({ name }) => name)).toEqual(["success", "features", "message"]);
    expect((await client.ask("<presence/>"))[0]!.name).toBe("presence");
  });

  test("tells a session whose client has gone meanwhile", async () => {
    const services = sasl2Services();
    let session: FakeSession | undefined;
    services.sessions.onBind = async (request) => {
      session = new FakeSession(USER.withResource("r"), request);
      client.close();
      return session;
    };
    const client = openClient(services);
    await client.receive(plain(BIND));
    await waitFor(() => session !== undefined && session.told.length > 0);
    expect(session!.told).toEqual([{ kind: "disconnected", clean: false, connection: session!.request.connection }]);
  });

  test("hands the session's own end through", async () => {
    const services = sasl2Services();
    services.sessions.onBind = (request) => {
      request.connection.close(new StreamError("conflict"));
      return new FakeSession(USER.withResource("r"), request);
    };
    const client = openClient(services);
    const answers = await client.ask(plain(BIND));
    expect(answers.map(({ name }) => name)).toEqual(["success", "features"]);
    expect(client.closedWith?.condition).toBe("conflict");
  });
});

describe("inline resumption (XEP-0198 section 9.2)", () => {
  const RESUME = `<resume xmlns="${NS.SM}" previd="p" h="3"/>`;

  function resuming(): { services: ReturnType<typeof sasl2Services>; session: () => SessionHandle | undefined } {
    const services = sasl2Services();
    let session: FakeSession | undefined;
    services.sessions.onResume = async ({ account, connection, previd, h }) => {
      session = new FakeSession(account.withResource("old"), { account, resource: "old", connection });
      connection.send(`<resumed xmlns="${NS.SM}" previd="${previd}" h="${h}"/>`);
      connection.send("<message/>");
      return { kind: "resumed", session };
    };
    return { services, session: () => session };
  }

  test("takes the session over, without features and without binding", async () => {
    const { services, session } = resuming();
    const client = openClient(services);
    const [success, missed, ...more] = await client.ask(plain(RESUME + BIND));
    expect(success!.toString()).toBe(
      '<success xmlns="urn:xmpp:sasl:2"><authorization-identifier>user@localhost/old</authorization-identifier>' +
        '<resumed xmlns="urn:xmpp:sm:3" previd="p" h="3"/></success>',
    );
    expect(missed!.name).toBe("message");
    expect(more).toEqual([]);
    expect(services.sessions.bound).toEqual([]);
    await client.receive("<presence/>");
    expect((session() as FakeSession).inbound).toEqual(["<presence/>"]);
  });

  test.each([
    ["an unknown stream", RESUME, '<failed xmlns="urn:xmpp:sm:3" h="7"><item-not-found '],
    ["no previd", `<resume xmlns="${NS.SM}" h="3"/>`, '<failed xmlns="urn:xmpp:sm:3"><bad-request '],
    ["a bad h", `<resume xmlns="${NS.SM}" previd="p" h="-3"/>`, '<failed xmlns="urn:xmpp:sm:3"><bad-request '],
  ])("fails for %s, and binds instead", async (_what, resume, expected) => {
    const services = sasl2Services();
    services.sessions.onResume = async () => ({ kind: "unknown", h: 7 });
    const [success, features] = await openClient(services).ask(plain(resume + BIND));
    expect(success!.toString()).toContain(expected);
    expect(success!.elements.map(({ name }) => name)).toEqual(["authorization-identifier", "failed", "bound"]);
    expect(identifier(success)).toStartWith("user@localhost/");
    expect(features).toMatchObject(FEATURES);
  });

  test.each([
    ["resuming", RESUME + BIND],
    ["binding", BIND],
  ])(
    "is refused, and so is a new resource, where the password has been changed by the time of %s",
    async (_what, content) => {
      const services = sasl2Services({}, { first: 1, last: 2 });
      const changes = services.serverContext.serverMemory.get(PASSWORD_CHANGES);
      const { archiveBounds } = services.serverContext.store;
      Object.assign(services.serverContext.store, {
        archiveBounds: (owner: string) => {
          changes.note(USER);
          return archiveBounds(owner);
        },
      });
      const client = openClient(services);
      await client.receive(plain(content));
      await waitFor(() => client.isClosed);
      expect(client.closedWith?.condition).toBe("not-authorized");
      expect(services.sessions.bound).toEqual([]);
    },
  );

  test("that fails without <bind/> leaves the client with plain binding", async () => {
    const [success, features] = await openClient().ask(plain(RESUME));
    expect(identifier(success)).toBe("user@localhost");
    expect(success!.child("failed", NS.SM)).toBeDefined();
    expect(features!.child("bind", NS.BIND)).toBeDefined();
  });

  test("is not for BOSH", async () => {
    const { services } = resuming();
    const [success] = await openClient(services, "bosh").ask(plain(RESUME + BIND));
    expect(success!.toString()).toContain("<feature-not-implemented ");
    expect(success!.child("bound", NS.BIND2)).toBeDefined();
  });
});

describe("FAST on a stream", () => {
  const REQUEST = `<request-token xmlns="${NS.FAST}" mechanism="HT-SHA-256-NONE"/>`;
  const tokenIn = (success: Element | undefined) => success?.child("token", NS.FAST);

  test("gives a token, and takes it in one step", async () => {
    const services = sasl2Services();
    const limits = createStreamLimits(services);
    const first = new Sasl2Client(services, "tcp", limits);
    first.open();
    const token = tokenIn((await first.ask(plain(REQUEST)))[0])!;
    expect(Date.parse(token.attr("expiry")!)).toBeGreaterThan(services.now());
    const second = new Sasl2Client(services, "tcp", limits);
    second.open();
    const [success] = await second.ask(tokenLogin(token.attr("token")!, "", { content: BIND }));
    expect(identifier(success)).toStartWith("user@localhost/");
    expect(success!.child("additional-data", NS.SASL2)).toBeDefined();
    expect(tokenIn(success)!.attr("token")).not.toBe(token.attr("token"));
  });

  test.each([
    ["a client without id", plain(REQUEST, "")],
    ["a mechanism that is not offered", plain(REQUEST.replace("NONE", "UNIQ"))],
    ["a mechanism for passwords", plain(REQUEST.replace("HT-SHA-256-NONE", "PLAIN"))],
  ])("gives none to %s, and lets it in", async (_what, text) => {
    const [success] = await openClient().ask(text);
    expect(success!.name).toBe("success");
    expect(tokenIn(success)).toBeUndefined();
  });

  test("lets the client in where a token cannot be stored", async () => {
    const services = sasl2Services();
    services.documents.fault = new Error("disk full");
    const [success] = await openClient(services).ask(plain(REQUEST));
    expect(success!.name).toBe("success");
    expect(tokenIn(success)).toBeUndefined();
  });
});

/** A session that sends back what its bind request has handed it. */
function answering(session: FakeSession): FakeSession {
  for (const element of session.request.inbound ?? []) session.tell({ kind: "inbound", element });
  return session;
}
