import { describe, expect, test } from "bun:test";
import { HeldConnection } from "../../transport/sasl2/held_connection.ts";
import { sasl2Features } from "../../transport/sasl2/sasl2_features.ts";
import { createStreamLimits } from "../../transport/stream_limits.ts";
import { StanzaError, StreamError } from "../../xmpp/errors.ts";
import { NS } from "../../xmpp/ns.ts";
import { XmlError } from "../../xmpp/xml/xml_error.ts";
import { FakeCarrier, settled, waitFor } from "./fake_carrier.ts";
import { bindIq, FakeSession, fakeServices, plainAuth, USER } from "./fake_services.ts";
import { scramFinal } from "./sasl2/scram_client.ts";

const sasl = (name: string, content = "") => `<${name} xmlns="${NS.SASL}"${content}</${name}>`;
const failure = (condition: string) => `<failure xmlns="${NS.SASL}"><${condition}/></failure>`;

describe("XmppStream: header", () => {
  test("is answered with features: mechanisms strongest first, and those of modules", () => {
    const client = new FakeCarrier();
    client.open({ from: "User@localhost/x" });
    expect(client.headers).toEqual([{ id: "id1", from: "localhost", to: "user@localhost" }]);
    expect(client.take()).toEqual([
      "header",
      '<stream:features xmlns:stream="http://etherx.jabber.org/streams">' +
        '<mechanisms xmlns="urn:ietf:params:xml:ns:xmpp-sasl"><mechanism>SCRAM-SHA-512</mechanism>' +
        "<mechanism>SCRAM-SHA-256</mechanism><mechanism>SCRAM-SHA-1</mechanism><mechanism>PLAIN</mechanism></mechanisms>" +
        sasl2Features(client.services, client)[0] +
        '<register xmlns="urn:test"/></stream:features>',
    ]);
  });

  test("answers from the domain that was asked for", () => {
    const client = new FakeCarrier();
    client.open({ to: "Example.ORG", version: "1.5" });
    expect(client.headers[0]).toMatchObject({ from: "example.org", to: undefined });
  });

  test.each([
    [{ to: "elsewhere.example" }, "host-unknown"],
    [{ to: "user@localhost" }, "host-unknown"],
    [{ to: "a b" }, "host-unknown"],
    [{ to: "" }, "improper-addressing"],
    [{ version: "0.9" }, "unsupported-version"],
    [{ version: "" }, "unsupported-version"],
    [{ version: "one" }, "unsupported-version"],
    [{ from: "a b@localhost" }, "invalid-from"],
    [{ from: "user@example.org" }, "invalid-from"],
  ])("%j is refused with %s, after our own header", (header, condition) => {
    const client = new FakeCarrier();
    client.open(header);
    expect(client.take()).toEqual(["header", "end"]);
    expect(client.closedWith?.condition as string).toBe(condition);
  });

  test("is not expected twice", () => {
    const client = new FakeCarrier();
    client.open();
    client.open();
    expect(client.closedWith?.condition).toBe("bad-format");
  });

  test.each([
    [{ to: "example.org" }, "host-unknown"],
    [{ from: "juliet@localhost" }, "invalid-from"],
  ])("%j after authentication is refused with %s", async (header, condition) => {
    const client = new FakeCarrier();
    client.open();
    await client.receive(plainAuth("user"));
    await waitFor(() => client.sent.includes("restart"));
    client.open(header);
    expect(client.closedWith?.condition as string).toBe(condition);
  });
});

test("an error where a restart is awaited gets a header of its own", async () => {
  const client = new FakeCarrier();
  client.open({ to: "example.org" });
  await client.receive(plainAuth("user"));
  await waitFor(() => client.sent.includes("restart"));
  client.take();
  await client.receive("<presence/>");
  expect(client.take()).toEqual(["header", "end"]);
  expect(client.headers.at(-1)).toMatchObject({ from: "example.org" });
});

describe("XmppStream: before authentication", () => {
  test.each([
    ["<message><body>x</body></message>", "not-authorized"],
    ["<presence/>", "not-authorized"],
    ['<iq type="get" id="1"><query xmlns="jabber:iq:roster"/></iq>', "not-authorized"],
    ['<iq type="get" id="1"><query xmlns="jabber:iq:auth"/></iq>', "not-authorized"],
    ['<x xmlns="urn:nothing"/>', "not-authorized"],
    ['<open xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>', "not-authorized"],
  ])("%s ends the stream with %s", async (text, condition) => {
    const client = new FakeCarrier();
    client.open();
    await client.receive(text);
    expect(client.closedWith?.condition as string).toBe(condition);
    expect(client.services.sessions.bound).toEqual([]);
  });

  test("an element before the header ends the stream, which gets a header for it", async () => {
    const client = new FakeCarrier();
    await client.receive("<message/>");
    expect(client.take()).toEqual(["header", "end"]);
    expect(client.closedWith?.condition).toBe("not-authorized");
  });

  test.each([["enable"], ["resume"], ["r"]])("<%s/> of XEP-0198 is answered with <failed/>", async (name) => {
    const client = new FakeCarrier();
    client.open();
    client.take();
    await client.receive(`<${name} xmlns="${NS.SM}"/>`);
    expect(client.take()).toEqual([`<failed xmlns="${NS.SM}"><unexpected-request xmlns="${NS.STANZAS}"/></failed>`]);
  });

  test("an IQ that a module answers is answered, and counted", async () => {
    const client = new FakeCarrier(fakeServices({ registrationsPerHour: 1 }));
    client.open();
    client.take();
    const iq = '<iq type="get" id="1"><query xmlns="jabber:iq:register"/></iq>';
    await client.receive(iq);
    expect(client.take()).toEqual(['<iq xmlns="jabber:client" id="1" type="result"/>']);
    await client.receive(iq);
    expect(client.take().join()).toContain("<resource-constraint ");
  });

  test("takes too long", () => {
    const client = new FakeCarrier(fakeServices({ negotiationMs: 5000 }));
    client.open();
    client.services.clock.advance(4999);
    expect(client.isClosed).toBe(false);
    client.services.clock.advance(1);
    expect(client.closedWith?.condition).toBe("connection-timeout");
    expect(client.services.clock.waiting).toBe(0);
  });

  test.each([
    ["not-well-formed", new XmlError("not-well-formed", "x")],
    ["restricted-xml", new XmlError("restricted-xml", "x")],
    ["policy-violation", new XmlError("policy-violation", "x")],
    ["bad-format", new StreamError("bad-format")],
    ["internal-server-error", new Error("x")],
  ])("fail() closes with %s", (condition, error) => {
    const client = new FakeCarrier();
    client.stream.fail(error);
    expect(client.closedWith?.condition as string).toBe(condition);
  });
});

describe("XmppStream: STARTTLS", () => {
  test("is all that is offered where it is required", async () => {
    const client = new FakeCarrier();
    client.security = { encrypted: false, loopback: false };
    client.startTlsOffer = "required";
    client.open();
    expect(client.take()[1]).toBe(
      `<stream:features xmlns:stream="${NS.STREAM}"><starttls xmlns="${NS.TLS}"><required/></starttls></stream:features>`,
    );
    await client.receive(`<starttls xmlns="${NS.TLS}"/>`);
    expect(client.take()).toEqual([`<proceed xmlns="${NS.TLS}"/>`, "tls"]);
    client.open();
    expect(client.take()[1]).toContain("<mechanism>PLAIN</mechanism>");
  });

  test.each([[plainAuth("user")], ['<iq type="get" id="1"><query xmlns="jabber:iq:register"/></iq>']])(
    "%s before it, where it is required, ends the stream",
    async (text) => {
      const client = new FakeCarrier();
      client.startTlsOffer = "required";
      client.open();
      await client.receive(text);
      expect(client.closedWith?.condition).toBe("policy-violation");
    },
  );

  test("fails where it is not offered", async () => {
    const client = new FakeCarrier();
    client.open();
    client.take();
    await client.receive(`<starttls xmlns="${NS.TLS}"/>`);
    expect(client.take()).toEqual([`<failure xmlns="${NS.TLS}"/>`, "end"]);
  });
});

describe("XmppStream: SASL", () => {
  test.each([
    [sasl("auth", ' mechanism="DIGEST-MD5">'), "invalid-mechanism"],
    [sasl("auth", ">"), "invalid-mechanism"],
    [sasl("auth", ' mechanism="ANONYMOUS">'), "invalid-mechanism"],
    [sasl("auth", ' mechanism="PLAIN">!!!!'), "incorrect-encoding"],
    [sasl("auth", ' mechanism="PLAIN">YQ='), "incorrect-encoding"],
    [sasl("auth", ' mechanism="PLAIN">YQ=='), "malformed-request"],
    [sasl("auth", ' mechanism="PLAIN">='), "malformed-request"],
    [sasl("auth", ' mechanism="PLAIN"><x/>'), "malformed-request"],
    [sasl("auth", ' mechanism="SCRAM-SHA-1">YQ=='), "malformed-request"],
    [plainAuth("user", "wrong"), "not-authorized"],
    [plainAuth("nobody"), "not-authorized"],
    [sasl("abort", ">"), "aborted"],
    [sasl("success", ">"), "malformed-request"],
  ])("%s fails with %s", async (text, condition) => {
    const client = new FakeCarrier();
    client.open();
    client.take();
    await client.receive(text);
    await waitFor(() => client.sent.length > 0);
    expect(client.take()).toEqual([failure(condition)]);
  });

  test("a response without an exchange fails", async () => {
    const client = new FakeCarrier();
    client.open();
    client.take();
    await client.receive(sasl("response", ">"));
    expect(client.take()[0]).toContain("<malformed-request/>");
  });

  test("PLAIN on an open connection needs TLS", async () => {
    const client = new FakeCarrier();
    client.security = { encrypted: false, loopback: false };
    client.open();
    client.take();
    await client.receive(plainAuth("user"));
    expect(client.take()).toEqual([failure("encryption-required")]);
  });

  test("without an initial response there is an empty challenge", async () => {
    const client = new FakeCarrier();
    client.open();
    client.take();
    await client.receive(sasl("auth", ' mechanism="PLAIN">'));
    expect(client.take()).toEqual([`<challenge xmlns="${NS.SASL}"></challenge>`]);
    await client.receive(sasl("response", `>${btoa("\0user\0pencil")}`));
    await waitFor(() => client.sent.length === 2);
    expect(client.take()).toEqual([`<success xmlns="${NS.SASL}"/>`, "restart"]);
  });

  test("an abort ends an exchange; another may follow", async () => {
    const client = new FakeCarrier();
    client.open();
    await client.receive(sasl("auth", ' mechanism="PLAIN">'));
    client.take();
    await client.receive(sasl("abort", ">"));
    expect(client.take()).toEqual([failure("aborted")]);
    await client.receive(plainAuth("user"));
    await waitFor(() => client.sent.includes("restart"));
  });

  test("ANONYMOUS gives an account of its own", async () => {
    const client = new FakeCarrier(fakeServices({ anonymous: true }));
    client.open();
    await client.receive(sasl("auth", ' mechanism="ANONYMOUS">'));
    client.open();
    await client.receive(bindIq());
    expect(client.services.sessions.last.request.account.text).toMatch(/^anon-.+@localhost$/);
  });

  test("too many failures end the stream", async () => {
    const client = new FakeCarrier(fakeServices({ maxAttempts: 3 }));
    client.open();
    for (let i = 0; i < 2; i++) await client.receive(sasl("abort", ">"));
    expect(client.isClosed).toBe(false);
    await client.receive(sasl("abort", ">"));
    expect(client.closedWith?.condition).toBe("policy-violation");
    expect(client.sent.slice(-2)).toEqual([failure("aborted"), "end"]);
  });

  test("an address with too many failures has to wait, whatever the stream", async () => {
    const failedLogins = { perAddressMinute: 2, perAddressAndAccountMinute: 0, perAccountHour: 0 };
    const services = fakeServices({ failedLogins, maxAttempts: 10 });
    const limits = createStreamLimits(services);
    const attempt = async (address: string, password: string) => {
      const client = new FakeCarrier(services, "tcp", limits);
      client.address = address;
      client.open();
      client.take();
      await client.receive(plainAuth("user", password));
      await waitFor(() => client.sent.length > 0);
      return client.sent[0];
    };
    await attempt("192.0.2.1", "wrong");
    await attempt("192.0.2.1", "wrong");
    expect(await attempt("192.0.2.1", "pencil")).toContain("<temporary-auth-failure/>");
    expect(await attempt("192.0.2.2", "pencil")).toContain("<success");
    services.clock.advance(60_000);
    expect(await attempt("192.0.2.1", "pencil")).toContain("<success");
  });

  test("messages that no client sends count for the address, too", async () => {
    const failedLogins = { perAddressMinute: 2, perAddressAndAccountMinute: 0, perAccountHour: 0 };
    const client = new FakeCarrier(fakeServices({ failedLogins, maxAttempts: 10 }));
    client.address = "192.0.2.1";
    client.open();
    for (const data of ["*", btoa("x")])
      await client.receive(`<auth xmlns="${NS.SASL}" mechanism="PLAIN">${data}</auth>`);
    client.take();
    await client.receive(plainAuth("user"));
    await waitFor(() => client.sent.length > 0);
    expect(client.sent[0]).toContain("<temporary-auth-failure/>");
  });

  test("exchanges that began before the limit was reached do not pass it", async () => {
    const failedLogins = { perAddressMinute: 0, perAddressAndAccountMinute: 2, perAccountHour: 0 };
    const services = fakeServices({ failedLogins, maxAttempts: 10 });
    const limits = createStreamLimits(services);
    const first = "n=user,r=abc";
    const begun: { client: FakeCarrier; challenge: string }[] = [];
    for (let i = 0; i < 4; i++) {
      const client = new FakeCarrier(services, "tcp", limits);
      client.open();
      client.take();
      await client.receive(`<auth xmlns="${NS.SASL}" mechanism="SCRAM-SHA-256">${btoa(`n,,${first}`)}</auth>`);
      await waitFor(() => client.sent.length > 0);
      begun.push({ client, challenge: atob(/>(.*)</.exec(client.take()[0]!)![1]!) });
    }
    const answers: string[] = [];
    for (const [at, { client, challenge }] of begun.entries()) {
      const { final } = scramFinal(first, challenge);
      const proof = at < 3 ? final.replace(/p=.*/, `p=${btoa("x".repeat(32))}`) : final;
      await client.receive(`<response xmlns="${NS.SASL}">${btoa(proof)}</response>`);
      await waitFor(() => client.sent.length > 0);
      answers.push(/<(not-authorized|temporary-auth-failure|success)/.exec(client.sent[0]!)![1]!);
    }
    expect(answers).toEqual(["not-authorized", "not-authorized", "temporary-auth-failure", "temporary-auth-failure"]);
  });

  test("credentials that cannot be read are a temporary failure", async () => {
    const services = { ...fakeServices(), credentials: () => Promise.reject(new Error("disk")) };
    const client = new FakeCarrier(services);
    client.open();
    client.take();
    await client.receive(plainAuth("user"));
    await waitFor(() => client.sent.length > 0);
    expect(client.take()).toEqual([failure("temporary-auth-failure")]);
  });

  test("a stream that ends while credentials are awaited stays ended", async () => {
    const client = new FakeCarrier();
    client.open();
    const answered = client.receive(plainAuth("user"));
    client.services.clock.advance(60_000);
    client.take();
    await answered;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(client.take()).toEqual([]);
  });

  test("little may wait of a client that has not said yet who it is", async () => {
    const client = new FakeCarrier({ ...fakeServices(), credentials: () => new Promise(() => {}) });
    client.security = { encrypted: true, loopback: false };
    client.open();
    await client.receive(plainAuth("user"));
    const message = `<message xmlns="jabber:client"><body>${"x".repeat(25_000)}</body></message>`;
    await client.receive(message);
    await client.receive(message);
    expect(client.closedWith).toBeUndefined();
    await client.receive(message);
    expect(client.closedWith?.condition).toBe("policy-violation");
  });

  test("what comes while credentials are awaited waits its turn", async () => {
    const client = new FakeCarrier();
    client.open();
    client.take();
    void client.receive(plainAuth("user", "wrong"));
    void client.receive(plainAuth("user"));
    await waitFor(() => client.sent.includes("restart"));
    expect(client.take()).toEqual([failure("not-authorized"), `<success xmlns="${NS.SASL}"/>`, "restart"]);
  });
});

describe("XmppStream: binding", () => {
  test("offers bind and the modules' features, and no session", async () => {
    const client = new FakeCarrier();
    await client.authenticate();
    expect(client.sent.at(-1)).toBe(
      `<stream:features xmlns:stream="${NS.STREAM}"><bind xmlns="${NS.BIND}"/><sm xmlns="${NS.SM}"/></stream:features>`,
    );
  });

  test("does not offer XEP-0198 over BOSH", async () => {
    const client = new FakeCarrier(fakeServices(), "bosh");
    await client.authenticate();
    expect(client.sent.at(-1)).not.toContain(NS.SM);
  });

  test("binds the resource, answers, and then hands every element over", async () => {
    const client = new FakeCarrier();
    await client.authenticate();
    client.take();
    await client.receive(bindIq("balcony"));
    const session = client.services.sessions.last;
    expect(session.request).toMatchObject({ account: USER, resource: "balcony" });
    expect(client.take()).toEqual([
      `<iq xmlns="jabber:client" id="b" type="result"><bind xmlns="${NS.BIND}"><jid>user@localhost/balcony</jid></bind></iq>`,
    ]);
    await client.receive(`<iq type="set" id="s"><session xmlns="${NS.SESSION}"/></iq>`);
    await client.receive("<presence/>");
    expect(session.inbound).toHaveLength(2);
    expect(client.services.clock.waiting).toBe(0);
  });

  test("what the session has to send from its first moment on comes after the answer", async () => {
    const client = new FakeCarrier();
    await client.authenticate();
    client.take();
    client.services.sessions.onBind = (request) => {
      request.connection.send("<message/>");
      // A proof of what the client has not been sent would be false.
      expect(request.connection.probe(1)).toBe(false);
      return new FakeSession(request.account.withResource("r"), request);
    };
    await client.receive(bindIq());
    const [answer, message, ...more] = client.take();
    expect(answer).toContain("<jid>user@localhost/r</jid>");
    expect([message, more]).toEqual(["<message/>", []]);
  });

  test.each([
    ["none", "", undefined],
    ["an empty one", "<resource/>", undefined],
    ["one without content", "<resource></resource>", undefined],
    ["text", "<resource>a ' b</resource>", "a ' b"],
    ["references", "<resource>a&amp;b&#99;</resource>", "a&bc"],
    ["something else before it", "<other>x</other><resource>a</resource>", "a"],
    ["one of another namespace", '<resource xmlns="urn:x">a</resource>', undefined],
    ["two", "<resource>a</resource><resource>b</resource>", "a"],
    ["a bracket in an attribute", '<resource x=">y">a</resource>', "a"],
    ["elements", "<resource>a<b>c</b>d</resource>", "ad"],
  ])("reads the resource from what <bind/> holds: %s", async (_, content, expected) => {
    const client = new FakeCarrier();
    await client.authenticate();
    await client.receive(`<iq type="set" id="b"><bind xmlns="${NS.BIND}">${content}</bind></iq>`);
    expect(client.services.sessions.last.request.resource).toBe(expected);
  });

  test("reads a resource with prefixes", async () => {
    const client = new FakeCarrier();
    await client.authenticate();
    await client.receive(`<iq type="set" id="b"><x:bind xmlns:x="${NS.BIND}"><x:resource>a</x:resource></x:bind></iq>`);
    expect(client.services.sessions.last.request.resource).toBe("a");
  });

  test.each([
    ["<message/>"],
    ['<iq type="get" id="1"><query xmlns="jabber:iq:roster"/></iq>'],
    [`<iq type="set" id="1"><session xmlns="${NS.SESSION}"/></iq>`],
    [plainAuth("user")],
    ['<x xmlns="urn:nothing"/>'],
  ])("%s before it ends the stream with not-authorized", async (text) => {
    const client = new FakeCarrier();
    await client.authenticate();
    await client.receive(text);
    expect(client.closedWith?.condition).toBe("not-authorized");
  });

  test.each([
    [`<iq type="get" id="b"><bind xmlns="${NS.BIND}"/></iq>`],
    [`<iq type="set"><bind xmlns="${NS.BIND}"/></iq>`],
    [`<iq type="set" id="b"><bind xmlns="${NS.BIND}"/><x xmlns="urn:x"/></iq>`],
  ])("%s is a bad request", async (text) => {
    const client = new FakeCarrier();
    await client.authenticate();
    client.take();
    await client.receive(text);
    expect(client.take().join()).toContain("<bad-request");
    await client.receive(bindIq());
    expect(client.services.sessions.bound).toHaveLength(1);
  });

  test.each([
    ["resource-constraint", new StanzaError("resource-constraint")],
    ["internal-server-error", new Error("x")],
  ])("%s of the sessions is the answer, and it may be tried again", async (condition, error) => {
    const client = new FakeCarrier();
    client.services.sessions.onBind = () => Promise.reject(error);
    await client.authenticate();
    client.take();
    await client.receive(bindIq());
    expect(client.take().join()).toContain(`<${condition} `);
    client.services.sessions.onBind = undefined;
    await client.receive(bindIq());
    expect(client.services.sessions.bound).toHaveLength(1);
  });

  test("what comes while the resource is bound waits, in order", async () => {
    const client = new FakeCarrier();
    await client.authenticate();
    const first = client.receive(bindIq());
    const rest = ["<presence/>", '<message id="1"/>', '<message id="2"/>'];
    for (const text of rest) void client.receive(text);
    await first;
    await settled();
    expect(client.services.sessions.last.inbound).toEqual(rest);
  });

  test("a connection that goes in the meantime leaves no session behind", async () => {
    const client = new FakeCarrier();
    await client.authenticate();
    const bound = client.receive(bindIq());
    client.stream.lost();
    await bound;
    const { told } = client.services.sessions.last;
    expect(told).toEqual([{ kind: "disconnected", clean: false, connection: expect.any(HeldConnection) }]);
  });
});

describe("XmppStream: resumption", () => {
  const resume = (attributes: string) => `<resume xmlns="${NS.SM}" ${attributes}/>`;
  const failed = (condition: string, h = "") =>
    `<failed xmlns="${NS.SM}"${h}><${condition} xmlns="${NS.STANZAS}"/></failed>`;

  test.each([
    ["", "bad-request"],
    ['previd="x"', "bad-request"],
    ['previd="x" h="-1"', "bad-request"],
    ['previd="x" h="1x"', "bad-request"],
    ['previd="" h="1"', "bad-request"],
    ['previd="x" h="1"', "item-not-found"],
  ])("%s fails with %s, and a resource can be bound instead", async (attributes, condition) => {
    const client = new FakeCarrier();
    await client.authenticate();
    client.take();
    await client.receive(resume(attributes));
    expect(client.take()).toEqual([failed(condition)]);
    await client.receive(bindIq());
    expect(client.services.sessions.bound).toHaveLength(1);
  });

  test("tells h where it is known", async () => {
    const client = new FakeCarrier();
    client.services.sessions.onResume = async () => ({ kind: "unknown", h: 7 });
    await client.authenticate();
    client.take();
    await client.receive(resume('previd="x" h="1"'));
    expect(client.take()).toEqual([failed("item-not-found", ' h="7"')]);
  });

  test("goes on with the session that was found", async () => {
    const client = new FakeCarrier();
    const session = new FakeSession(USER.withResource("old"), {
      account: USER,
      resource: "old",
      connection: client,
    });
    let asked: unknown;
    client.services.sessions.onResume = async (request) => {
      asked = request;
      return { kind: "resumed", session };
    };
    await client.authenticate();
    client.take();
    await client.receive(resume('previd="x" h="3"'));
    expect(asked).toEqual({ account: USER, previd: "x", h: 3, connection: expect.any(HeldConnection) });
    expect(client.take()).toEqual([]);
    await client.receive("<presence/>");
    expect(session.inbound).toEqual(["<presence/>"]);
  });

  test.each([["enable"], ["r"]])("<%s/> before binding is answered with <failed/>", async (name) => {
    const client = new FakeCarrier();
    await client.authenticate();
    client.take();
    await client.receive(`<${name} xmlns="${NS.SM}"/>`);
    expect(client.take()).toEqual([failed("unexpected-request")]);
  });
});

describe("XmppStream: the end", () => {
  test("the peer's end is clean, and said once", async () => {
    const client = new FakeCarrier();
    await client.bind();
    client.stream.finish();
    client.stream.lost();
    client.stream.finish();
    expect(client.services.sessions.last.told).toEqual([
      { kind: "disconnected", clean: true, connection: expect.any(HeldConnection) },
    ]);
    expect(client.take()).toEqual(["end"]);
  });

  test("a connection that breaks is not clean", async () => {
    const client = new FakeCarrier();
    await client.bind();
    client.stream.lost();
    expect(client.services.sessions.last.told).toEqual([
      { kind: "disconnected", clean: false, connection: expect.any(HeldConnection) },
    ]);
  });

  test.each([
    ["lost", false],
    ["finish", true],
  ] as const)(
    "what came with the request for a resource goes to its session, whatever ends the stream: %s",
    async (end, clean) => {
      const client = new FakeCarrier();
      await client.authenticate();
      client.hand(bindIq());
      client.hand('<message id="1"/>');
      client.stream[end]();
      await settled();
      const { inbound, told } = client.services.sessions.last;
      expect(inbound).toEqual(['<message id="1"/>']);
      expect(told.slice(1)).toMatchObject([{ kind: "disconnected", clean }]);
      expect(client.services.clock.waiting).toBe(0);
    },
  );

  test.each(["lost", "fail"] as const)("without a session there is nobody to get it: %s", async (end) => {
    const client = new FakeCarrier();
    client.services.sessions.onBind = async () => {
      throw new StanzaError("resource-constraint");
    };
    await client.authenticate();
    client.hand(bindIq());
    client.hand('<message id="1"/>');
    if (end === "fail") client.stream.fail(new XmlError("not-well-formed", "x"));
    else client.stream.lost();
    await settled();
    expect(client.services.sessions.bound).toEqual([]);
    expect(client.services.clock.waiting).toBe(0);
  });

  test("bad XML ends the stream and the connection", async () => {
    const client = new FakeCarrier();
    await client.bind();
    client.stream.fail(new XmlError("not-well-formed", "x"));
    expect(client.closedWith?.condition).toBe("not-well-formed");
    expect(client.services.sessions.last.kinds).toEqual(["disconnected"]);
  });

  test("nothing is handed over after the end", async () => {
    const client = new FakeCarrier();
    client.open();
    client.close();
    await client.receive("<message/>");
    expect(client.services.sessions.bound).toEqual([]);
    expect(client.services.clock.waiting).toBe(0);
  });
});

describe("XmppStream: pause", () => {
  test("holds elements back, in order, until resume", async () => {
    const client = new FakeCarrier();
    await client.bind();
    const session = client.services.sessions.last;
    session.onInbound = () => client.pause();
    for (const id of ["1", "2", "3"]) await client.receive(`<message id="${id}"/>`);
    expect(session.inbound).toHaveLength(1);
    client.resume();
    expect(session.inbound).toHaveLength(2);
    session.onInbound = undefined;
    client.resume();
    expect(session.inbound.map((text) => text.slice(13, 14))).toEqual(["1", "2", "3"]);
  });

  test.each([
    ["lost", false],
    ["finish", true],
  ] as const)(
    "what was held back when the connection goes is still handed over, at the pace of the session: %s",
    async (end, clean) => {
      const client = new FakeCarrier();
      await client.bind();
      const session = client.services.sessions.last;
      session.onInbound = () => client.pause();
      client.pause();
      for (const name of ["presence", "message"]) await client.receive(`<${name}/>`);
      client.stream[end]();
      expect(session.kinds).toEqual([]);
      client.resume();
      expect(session.kinds).toEqual(["inbound"]);
      client.resume();
      expect(session.kinds).toEqual(["inbound", "inbound"]);
      client.resume();
      expect(session.told.slice(2)).toMatchObject([{ kind: "disconnected", clean }]);
    },
  );

  test("has a bound", async () => {
    const client = new FakeCarrier();
    await client.bind();
    client.pause();
    const text = `<message><body>${"x".repeat(100_000)}</body></message>`;
    for (let i = 0; i < 60 && !client.isClosed; i++) await client.receive(text);
    expect(client.closedWith?.condition).toBe("policy-violation");
  });
});

describe("XmppStream: messages gather", () => {
  /** A bound client, and the order in which its session is told and the actors are held and run. */
  async function watched() {
    const client = new FakeCarrier();
    await client.bind();
    const { sessions } = client.services;
    const events: string[] = [];
    sessions.hold = () => void events.push("hold");
    sessions.handle = () => void events.push("handle");
    sessions.last.onInbound = (text) => void events.push(text.slice(1, -2));
    const send = (...names: string[]) => {
      for (const name of names) client.hand(`<${name}/>`);
    };
    return { client, events, send };
  }

  test("and presence and requests come after those before them, and before those after them", async () => {
    const { events, send } = await watched();
    send("message", "message", "presence", "message", "iq");
    expect(events.join(" ")).toBe("hold message message handle presence hold message handle iq");
  });

  test("also where they had to wait", async () => {
    const { client, events, send } = await watched();
    client.pause();
    send("message", "presence", "message");
    expect(events).toEqual([]);
    client.resume();
    expect(events.join(" ")).toBe("hold message handle presence hold message");
  });

  test("and so does proof", async () => {
    const { client, events, send } = await watched();
    client.stream.prove(1);
    send("message");
    expect(events.join(" ")).toBe("hold message");
    expect(client.services.sessions.last.kinds).toEqual(["proof", "inbound"]);
    await settled();
    await settled();
    expect(events.at(-1)).toBe("handle");
  });
});
