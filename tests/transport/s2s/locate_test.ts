import { describe, expect, test } from "bun:test";
import { inOrder, inTurn, Locator, type Weighed } from "../../../transport/s2s/locate.ts";
import { TestDns } from "./link_end.ts";

function locator(dns: TestDns, now = () => 0, random = () => 0): Locator {
  return new Locator({ resolver: dns, now, random, negativeMs: 1000 });
}

const record = (name: string, priority: number, weight = 0, port = 5269) => ({ name, priority, weight, port });
const weighed = (name: string, priority: number, weight: number): Weighed => ({
  ...record(name, priority, weight),
  tls: false,
});

describe("Locator.services()", () => {
  test("merges direct TLS and STARTTLS by priority: XEP-0368", async () => {
    const dns = new TestDns();
    dns.srvRecords.set("_xmpps-server._tcp.b.lab", [record("tls.b.lab", 5, 0, 5270), record("late.b.lab", 30)]);
    dns.srvRecords.set("_xmpp-server._tcp.b.lab", [record("plain.b.lab.", 10)]);
    expect(await locator(dns).services("b.lab")).toMatchObject([
      { name: "tls.b.lab", port: 5270, tls: true },
      { name: "plain.b.lab", port: 5269, tls: false },
      { name: "late.b.lab", tls: true },
    ]);
  });

  test("without records it is the domain itself at port 5269", async () => {
    expect(await locator(new TestDns()).services("b.lab")).toEqual([{ name: "b.lab", port: 5269, tls: false }]);
  });

  test.each([
    ["192.0.2.1", "192.0.2.1"],
    ["[2001:db8::1]", "2001:db8::1"],
  ])("the address %s is not looked up", async (domain, address) => {
    const dns = new TestDns();
    const [service] = await locator(dns).services(domain);
    expect(await locator(dns).addresses(service!)).toEqual([address]);
    expect(dns.asked).toEqual([]);
  });

  test("the target . says that there is no server", async () => {
    const dns = new TestDns();
    dns.srvRecords.set("_xmpp-server._tcp.b.lab", [record(".", 0)]);
    await expect(locator(dns).services("b.lab")).rejects.toThrow("no such service");
  });

  test("a name is asked for in its ASCII form", async () => {
    const dns = new TestDns();
    await locator(dns).services("bücher.lab");
    expect(dns.asked).toContain("_xmpp-server._tcp.xn--bcher-kva.lab");
  });

  test("an answer is kept for some time, also that there is none; a failure is soon asked again", async () => {
    const dns = new TestDns();
    let now = 0;
    const one = locator(dns, () => now);
    await Promise.all([one.services("b.lab"), one.services("b.lab")]);
    await one.services("b.lab");
    expect(dns.asked).toHaveLength(2);
    now = 1001;
    await one.services("b.lab");
    expect(dns.asked).toHaveLength(4);
    dns.isAway = true;
    now = 3000;
    await expect(one.services("b.lab")).rejects.toThrow("DNS is away");
    await one.services("b.lab").catch(() => {});
    expect(dns.asked).toHaveLength(6);
    dns.isAway = false;
    now = 9000;
    expect(await one.services("b.lab")).toHaveLength(1);
  });

  test("an address that does not exist", async () => {
    await expect(locator(new TestDns()).addresses({ name: "x.lab", port: 1, tls: false })).rejects.toThrow(
      "no address",
    );
  });
});

describe("inOrder()", () => {
  const records = [weighed("c", 20, 0), weighed("a", 10, 60), weighed("b", 10, 40)];
  test.each([
    [0, ["b", "a", "c"]],
    [0.3, ["b", "a", "c"]],
    [0.5, ["a", "b", "c"]],
    [0.99, ["a", "b", "c"]],
  ])("at %p: %p", (mark, names) => {
    expect(inOrder(records, () => mark).map(({ name }) => name)).toEqual(names);
  });

  test("chooses in proportion to the weight", () => {
    let seed = 1;
    const random = () => {
      seed = (seed * 16_807) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    const firsts = Array.from({ length: 2000 }, () => inOrder(records, random)[0]!.name);
    expect(firsts.filter((name) => name === "a").length / 2000).toBeCloseTo(0.6, 1);
    expect(firsts).not.toContain("c");
  });
});

test("inTurn() takes both families in turn, IPv6 first", () => {
  expect(inTurn(["192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1"])).toEqual([
    "2001:db8::1",
    "192.0.2.1",
    "192.0.2.2",
    "192.0.2.3",
  ]);
});
