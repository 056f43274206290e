import { describe, expect, test } from "bun:test";
import { FailedLogins } from "../../transport/failed_logins.ts";
import { Jid } from "../../xmpp/jid.ts";

const ALICE = Jid.parse("alice@localhost");
const BOB = Jid.parse("bob@localhost");
const MINUTE = 60_000;
const LIMITS = { perAddressMinute: 6, perAddressAndAccountMinute: 3, perAccountHour: 9 };

const at = (address: string, client?: string) => ({ address, client });
const name = (n: number) => Jid.parse(`name${n}@localhost`);

function guesses(logins: FailedLogins, origin: ReturnType<typeof at>, account: Jid, times: number, now = 0): number {
  let tried = 0;
  for (let i = 0; i < times; i++) {
    if (logins.isExhausted(origin, account, now)) continue;
    tried++;
    logins.count(origin, account, now);
  }
  return tried;
}

function make(limits: Partial<typeof LIMITS> = {}): FailedLogins {
  return new FailedLogins({ ...LIMITS, ...limits }, (address) => address === "127.0.0.1");
}

describe("FailedLogins", () => {
  test("bounds the guesses at one account from one address, and stops nobody else there", () => {
    const logins = make();
    expect(guesses(logins, at("192.0.2.1"), ALICE, 100)).toBe(3);
    expect(logins.isExhausted(at("192.0.2.1"), BOB, 0)).toBe(false);
    expect(logins.isExhausted(at("192.0.2.2"), ALICE, 0)).toBe(false);
    expect(guesses(logins, at("192.0.2.1"), ALICE, 100, MINUTE)).toBe(3);
  });

  test("bounds one password tried on many accounts from one address, but not for those who have logged in there", () => {
    const logins = make();
    logins.succeed(at("192.0.2.1"), ALICE);
    let tried = 0;
    for (let i = 0; i < 100; i++) tried += guesses(logins, at("192.0.2.1"), name(i), 1);
    expect(tried).toBe(6);
    expect(logins.isExhausted(at("192.0.2.1"), BOB, 0)).toBe(true);
    expect(logins.isExhausted(at("192.0.2.1"), ALICE, 0)).toBe(false);
    expect(logins.isExhausted(at("192.0.2.2"), BOB, 0)).toBe(false);
  });

  test("is wider for an address that many share", () => {
    const logins = make();
    let tried = 0;
    for (let i = 0; i < 100; i++) tried += guesses(logins, at("127.0.0.1"), name(i), 1);
    expect(tried).toBe(60);
  });

  test("bounds the guesses of many addresses at one account, whose usual address and client stay open", () => {
    const logins = make();
    logins.succeed(at("198.51.100.1", "phone"), ALICE);
    let tried = 0;
    for (let i = 0; i < 100; i++) tried += guesses(logins, at(`192.0.2.${i}`), ALICE, 3);
    expect(tried).toBe(9);
    expect(logins.isExhausted(at("198.51.100.1"), ALICE, 0)).toBe(false);
    expect(logins.isExhausted(at("203.0.113.1", "phone"), ALICE, 0)).toBe(false);
    expect(logins.isExhausted(at("203.0.113.1", "other"), ALICE, 0)).toBe(true);
    expect(logins.isExhausted(at("203.0.113.1"), ALICE, 59 * MINUTE)).toBe(true);
    expect(logins.isExhausted(at("203.0.113.1"), ALICE, 60 * MINUTE)).toBe(false);
  });

  test("keeps a client that has logged in apart from the guesses behind its address", () => {
    const logins = make();
    logins.succeed(at("127.0.0.1", "phone"), ALICE);
    expect(guesses(logins, at("127.0.0.1"), ALICE, 100)).toBe(3);
    expect(logins.isExhausted(at("127.0.0.1", "phone"), ALICE, 0)).toBe(false);
    expect(guesses(logins, at("127.0.0.1", "phone"), ALICE, 100)).toBe(3);
    expect(logins.isExhausted(at("127.0.0.1", "phone"), BOB, 0)).toBe(false);
  });

  test("a client's id opens nothing for an account that it has not logged in to", () => {
    const logins = make();
    logins.succeed(at("192.0.2.1", "mine"), BOB);
    expect(guesses(logins, at("192.0.2.1", "mine"), ALICE, 100)).toBe(3);
    expect(guesses(logins, at("192.0.2.1", "another"), ALICE, 100)).toBe(0);
  });

  test("counts for the address alone where no account is known", () => {
    const logins = make();
    for (let i = 0; i < 6; i++) logins.count(at("192.0.2.1"), undefined, 0);
    expect(logins.isExhausted(at("192.0.2.1"), ALICE, 0)).toBe(true);
    expect(logins.isExhausted(at("192.0.2.2"), ALICE, 0)).toBe(false);
  });

  test("takes the addresses of one IPv6 network for one", () => {
    const logins = make();
    expect(guesses(logins, at("2001:db8::1"), ALICE, 100)).toBe(3);
    expect(logins.isExhausted(at("2001:db8::2"), ALICE, 0)).toBe(true);
  });

  test("0 is no limit", () => {
    const logins = make({ perAddressMinute: 0, perAddressAndAccountMinute: 0, perAccountHour: 0 });
    expect(guesses(logins, at("192.0.2.1"), ALICE, 1000)).toBe(1000);
  });
});
