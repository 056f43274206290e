import { describe, expect, test } from "bun:test";
import { PASSWORDS_AT_ONCE } from "../../modules/passwords.ts";
import { PasswordTurns } from "../../transport/password_turns.ts";
import { createStreamLimits, type StreamLimits } from "../../transport/stream_limits.ts";
import type { StreamSettings } from "../../transport/stream_services.ts";
import type { Log } from "../../xmpp/log.ts";
import { NS } from "../../xmpp/ns.ts";
import { WorkLimitError } from "../../xmpp/work_limit.ts";
import { scanElement } from "../../xmpp/xml/element_reader.ts";
import { FakeCarrier, waitFor } from "./fake_carrier.ts";
import { type FakeServices, fakeServices, plainAuth } from "./fake_services.ts";

const SUCCESS = `<success xmlns="${NS.SASL}"/>`;
const REGISTER = '<iq xmlns="jabber:client" type="set" id="1"><query xmlns="jabber:iq:register"/></iq>';
const plain2 = (user: string, more = "") =>
  `<authenticate xmlns="${NS.SASL2}" mechanism="PLAIN">` +
  `<initial-response>${btoa(`\0${user}\0pencil`)}</initial-response>${more}</authenticate>`;

/** Streams of one server that lets one at a time in, and one more wait unless `waiting` says otherwise. */
class Server {
  /** The accounts whose keys were asked for, in order. */
  readonly asked: string[] = [];
  readonly services: FakeServices;
  readonly limits: StreamLimits;
  readonly warnings: string[] = [];
  readonly #answers: (() => void)[] = [];

  constructor(waiting = 1, settings: Partial<StreamSettings> = {}) {
    const fake = fakeServices(settings);
    this.services = {
      ...fake,
      log: { ...fake.log, warn: (what: string) => this.warnings.push(what) } as Log,
      credentials: (account) => {
        this.asked.push(account.local);
        return new Promise((resolve) => this.#answers.push(() => resolve(fake.credentials(account))));
      },
    };
    const limits = createStreamLimits(this.services);
    const preAuthKeys = new Set([...limits.preAuthKeys, "set jabber:iq:register query"]);
    this.limits = { ...limits, preAuthKeys, passwordTurns: new PasswordTurns(1, waiting) };
  }

  connect(): FakeCarrier {
    const client = new FakeCarrier(this.services, "tcp", this.limits);
    client.open();
    client.take();
    return client;
  }

  /** Answers the oldest of the questions for an account's keys. */
  answer(): void {
    this.#answers.shift()!();
  }
}

describe("streams that come with a password", () => {
  test("are let in one after the other, in the order in which they came", async () => {
    const server = new Server(2);
    const clients = [server.connect(), server.connect(), server.connect()] as const;
    await clients[0].receive(plainAuth("user"));
    await clients[1].receive(plainAuth("juliet"));
    await clients[2].receive(plainAuth("user", "wrong"));
    expect(server.asked).toEqual(["user"]);
    server.answer();
    await waitFor(() => server.asked.length === 2);
    expect(clients[0].take()).toEqual([SUCCESS, "restart"]);
    expect(clients[1].take()).toEqual([]);
    server.answer();
    await waitFor(() => server.asked.length === 3);
    expect(clients[1].take()).toEqual([SUCCESS, "restart"]);
    server.answer();
    await waitFor(() => clients[2].sent.length > 0);
    expect(clients[2].take()[0]).toContain("<not-authorized/>");
    expect(server.asked).toEqual(["user", "juliet", "user"]);
  });

  test.each([
    ["many of one account, from the same address", "192.0.2.1"],
    ["many of one account, from another address", "192.0.2.2"],
  ])("one after the other: %s, do not keep another waiting", async (_what, address) => {
    const server = new Server(100);
    for (let i = 0; i < 50; i++) await server.connect().receive(plainAuth("user"));
    const client = server.connect();
    client.address = address;
    await client.receive(plainAuth("juliet"));
    for (let i = 2; i <= 3; i++) {
      server.answer();
      await waitFor(() => server.asked.length === i);
    }
    expect(server.asked).toEqual(["user", "user", "juliet"]);
  });

  test("many of many accounts from one address do not keep another address waiting", async () => {
    const server = new Server(100);
    for (let i = 0; i < 50; i++) await server.connect().receive(plain2(`spray${i}`));
    const client = server.connect();
    client.address = "192.0.2.2";
    await client.receive(plainAuth("juliet"));
    for (let i = 2; i <= 3; i++) {
      server.answer();
      await waitFor(() => server.asked.length === i);
    }
    expect(server.asked).toEqual(["spray0", "spray1", "juliet"]);
  });

  test("and so are those who register, and those of SASL2", async () => {
    const server = new Server(2);
    const [first, second, third] = [server.connect(), server.connect(), server.connect()];
    await first.receive(plain2("user"));
    await second.receive(REGISTER.replace("set", "get"));
    expect(second.take()[0]).toContain('type="result"');
    await second.receive(REGISTER);
    await third.receive(plain2("juliet"));
    expect([second.sent, server.asked]).toEqual([[], ["user"]]);
    server.answer();
    await waitFor(() => server.asked.length === 2);
    expect(first.sent.join()).toContain("user@localhost");
    expect(second.take()[0]).toContain('type="result"');
  });

  test("and those who send it with a response of its own", async () => {
    const server = new Server();
    const [first, second] = [server.connect(), server.connect()];
    await first.receive(`<auth xmlns="${NS.SASL}" mechanism="PLAIN"/>`);
    await second.receive(`<authenticate xmlns="${NS.SASL2}" mechanism="PLAIN"/>`);
    expect([first.take(), second.take()].map(([text]) => /<challenge /.test(text!))).toEqual([true, true]);
    const data = btoa("\0user\0pencil");
    await first.receive(`<response xmlns="${NS.SASL}">${data}</response>`);
    await second.receive(`<response xmlns="${NS.SASL2}">${data}</response>`);
    expect(server.asked).toEqual(["user"]);
    server.answer();
    await waitFor(() => server.asked.length === 2);
    server.answer();
    await waitFor(() => second.sent.length > 0);
    expect(second.take()[0]).toContain("user@localhost");
  });

  test.each([
    '<message xmlns="jabber:client" type="set"/>',
    '<presence xmlns="jabber:client" type="set"><query xmlns="jabber:iq:register"/></presence>',
    '<iq xmlns="jabber:client" type="set" id="1"><query xmlns="jabber:iq:roster"/></iq>',
    '<x xmlns="urn:x" mechanism="PLAIN"/>',
  ])("but nothing else: %s is refused at once", async (text) => {
    const server = new Server();
    await server.connect().receive(plainAuth("user"));
    const client = server.connect();
    await client.receive(text);
    expect(client.closedWith?.condition).toBe("not-authorized");
  });

  test("nor an address that has failed too often", async () => {
    const server = new Server(1, {
      failedLogins: { perAddressMinute: 1, perAddressAndAccountMinute: 0, perAccountHour: 0 },
    });
    await server.connect().receive(plainAuth("user"));
    const client = server.connect();
    client.address = "192.0.2.2";
    server.limits.logins.count({ address: client.address, client: undefined }, undefined, server.services.now());
    await client.receive(plainAuth("juliet"));
    expect(client.take()[0]).toContain("<temporary-auth-failure/>");
    expect(server.asked).toEqual(["user"]);
  });

  test("keep nobody waiting who comes without one", async () => {
    const server = new Server();
    await server.connect().receive(plainAuth("user"));
    await server.connect().receive(plainAuth("juliet"));
    const client = server.connect();
    const data = btoa("n,,n=user,r=abc");
    await client.receive(`<auth xmlns="${NS.SASL}" mechanism="SCRAM-SHA-256">${data}</auth>`);
    server.answer();
    server.answer();
    await waitFor(() => client.sent.length > 0);
    expect(client.take()[0]).toContain("<challenge ");
  });

  test("lose their turn when they end, and nothing is asked for them", async () => {
    const server = new Server(3);
    const clients = [server.connect(), server.connect(), server.connect(), server.connect()] as const;
    for (const [at, client] of clients.entries()) await client.receive(plainAuth(at === 3 ? "juliet" : "user"));
    clients[1].stream.lost();
    clients[2].stream.finish();
    server.answer();
    await waitFor(() => server.asked.length === 2);
    expect(server.asked).toEqual(["user", "juliet"]);
    expect(clients[1].take()).toEqual([]);
    server.answer();
    await waitFor(() => clients[3].sent.includes("restart"));
  });

  test("are told that there are too many, and the log is too; nobody else is harmed", async () => {
    const server = new Server();
    const clients = [server.connect(), server.connect(), server.connect()] as const;
    for (const client of clients) await client.receive(plainAuth("user"));
    expect(clients.map(({ isClosed }) => isClosed)).toEqual([false, false, true]);
    expect(clients[2].closedWith?.condition).toBe("resource-constraint");
    expect(server.warnings).toEqual(["login refused"]);
    server.answer();
    await waitFor(() => clients[0].sent.includes("restart") && server.asked.length === 2);
    server.answer();
    await waitFor(() => clients[1].sent.includes("restart"));
    const next = server.connect();
    await next.receive(plainAuth("user"));
    server.answer();
    await waitFor(() => next.sent.includes("restart"));
  });

  test("thousands that have ended meanwhile let the next one in", async () => {
    const server = new Server(40_000);
    await server.connect().receive(plainAuth("user"));
    for (let i = 0; i < 30_000; i++) {
      const client = server.connect();
      client.hand(plainAuth("user"));
      client.stream.lost();
    }
    const last = server.connect();
    last.hand(plainAuth("juliet"));
    server.answer();
    await waitFor(() => server.asked.length === 2);
    server.answer();
    await waitFor(() => last.sent.includes("restart"));
  });

  test("are read in the namespaces of their stream, however long they wait", async () => {
    const server = new Server();
    await server.connect().receive(plainAuth("juliet"));
    const client = server.connect();
    const text = `<s:auth mechanism="PLAIN">${btoa("\0user\0pencil")}</s:auth>`;
    const inherited = new Map([
      ["", NS.CLIENT],
      ["s", NS.SASL],
    ]);
    client.stream.receive(scanElement(text, server.services.settings.xmlLimits, inherited));
    server.answer();
    await waitFor(() => server.asked.length === 2);
    server.answer();
    await waitFor(() => client.sent.includes("restart"));
    expect(client.take()).toEqual([SUCCESS, "restart"]);
  });

  test("what comes after it waits, too", async () => {
    const server = new Server();
    await server.connect().receive(plainAuth("juliet"));
    const client = server.connect();
    await client.receive(plainAuth("user", "wrong"));
    await client.receive(`<abort xmlns="${NS.SASL}"/>`);
    expect(client.take()).toEqual([]);
    server.answer();
    await waitFor(() => server.asked.length === 2);
    server.answer();
    await waitFor(() => client.sent.length === 2);
    expect(client.take().map((text) => /<(not-authorized|aborted)\/>/.exec(text)?.[1])).toEqual([
      "not-authorized",
      "aborted",
    ]);
  });

  test("the turn is over with the password, whatever its client asks for then", async () => {
    const server = new Server();
    let resumed = 0;
    server.services.sessions.onResume = () => {
      resumed++;
      return new Promise(() => {});
    };
    const first = server.connect();
    await first.receive(plain2("user", `<resume xmlns="${NS.SM}" previd="x" h="0"/>`));
    const second = server.connect();
    await second.receive(plainAuth("juliet"));
    server.answer();
    await waitFor(() => server.asked.length === 2);
    server.answer();
    await waitFor(() => second.sent.includes("restart"));
    expect([resumed, first.take()]).toEqual([1, []]);
  });

  test("pass it on when their stream ends meanwhile, in whatever way", async () => {
    const server = new Server(4, { maxAttempts: 1 });
    const [wrong, lost, late, broken, next] = [1, 2, 3, 4, 5].map(() => server.connect());
    broken!.send = () => {
      throw new Error("gone");
    };
    await wrong!.receive(plainAuth("user", "wrong"));
    for (const client of [lost, late, broken, next]) await client!.receive(plainAuth("user"));
    server.answer();
    await waitFor(() => server.asked.length === 2);
    expect(wrong!.closedWith?.condition).toBe("policy-violation");
    lost!.stream.lost();
    server.answer();
    await waitFor(() => server.asked.length === 3);
    late!.stream.fail(new Error("late"));
    server.answer();
    await waitFor(() => server.asked.length === 4);
    server.answer();
    await waitFor(() => server.asked.length === 5);
    expect(broken!.closedWith?.condition).toBe("internal-server-error");
    server.answer();
    await waitFor(() => next!.sent.includes("restart"));
  });

  test("are refused for taking too long while they wait, and are passed over then", async () => {
    const server = new Server(2);
    const first = server.connect();
    await first.receive(plainAuth("user"));
    const second = server.connect();
    await second.receive(plainAuth("juliet"));
    server.services.clock.advance(60_000);
    expect(second.closedWith?.condition).toBe("connection-timeout");
    server.answer();
    const next = server.connect();
    await next.receive(plainAuth("user"));
    await waitFor(() => server.asked.length === 2);
    expect(server.asked).toEqual(["user", "user"]);
  });

  test("come in groups, as many as the server's limits say", async () => {
    const server = new Server();
    const limits = createStreamLimits(server.services);
    for (let i = 0; i < 100 * PASSWORDS_AT_ONCE; i++) {
      const client = new FakeCarrier(server.services, "tcp", limits);
      client.open();
      await client.receive(plainAuth("user"));
    }
    expect(server.asked.length).toBe(8 * PASSWORDS_AT_ONCE);
  });
});

describe("PasswordTurns", () => {
  test("has room for others, however many wait for one account at one address", () => {
    const turns = new PasswordTurns(1, 4, 2);
    const begun: string[] = [];
    const enter = (address: string, account: string) => {
      try {
        turns.enter(address, account, () => begun.push(account));
        return true;
      } catch (error) {
        if (error instanceof WorkLimitError) return false;
        throw error;
      }
    };
    expect([1, 2, 3, 4, 5].map(() => enter("192.0.2.1", "flood"))).toEqual([true, true, true, false, false]);
    expect([enter("192.0.2.1", "romeo"), enter("192.0.2.2", "flood"), enter("192.0.2.3", "juliet")]).toEqual([
      true,
      true,
      false,
    ]);
    for (let i = 0; i < 5; i++) turns.leave();
    expect(begun).toEqual(["flood", "flood", "flood", "romeo", "flood"]);
    expect(enter("192.0.2.1", "flood")).toBe(true);
    expect(begun.length).toBe(6);
  });
});

describe("what was said before STARTTLS", () => {
  test.each([
    ["a refused PLAIN", plainAuth("user"), "<encryption-required"],
    [
      "half an exchange",
      `<auth xmlns="${NS.SASL}" mechanism="SCRAM-SHA-256">${btoa("n,,n=user,r=abc")}</auth>`,
      "<challenge ",
    ],
  ])("does not count after it: %s", async (_, said, answer) => {
    const client = new FakeCarrier(fakeServices({ maxAttempts: 2 }));
    client.security = { encrypted: false, loopback: false };
    client.startTlsOffer = "optional";
    client.open();
    await client.receive(said);
    await waitFor(() => client.sent.some((text) => text.includes(answer)));
    await client.receive(`<starttls xmlns="${NS.TLS}"/>`);
    client.open();
    client.take();
    await client.receive(plainAuth("user", "wrong"));
    await waitFor(() => client.sent.length > 0);
    expect([client.take()[0], client.isClosed]).toEqual([expect.stringContaining("<not-authorized/>"), false]);
    await client.receive(plain2("user"));
    await waitFor(() => client.sent.length > 0);
    expect(client.take()[0]).toContain("user@localhost");
  });
});
