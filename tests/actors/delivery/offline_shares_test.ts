import { describe, expect, test } from "bun:test";
import { OfflineShares } from "../../../actors/delivery/offline_shares.ts";
import { Jid } from "../../../xmpp/jid.ts";

const LIMITS = { messages: 5, fromSender: 3, fromStrangers: 2, bytes: 800 };
const OWNER = Jid.parse("juliet@localhost");
const NURSE = Jid.parse("nurse@localhost/kitchen");
const TYBALT = Jid.parse("tybalt@localhost");
const ROMEO = Jid.parse("romeo@localhost/orchard");
const PARIS = Jid.parse("paris@localhost");
const SERVER = Jid.parse("localhost");
const recipient = { owner: OWNER, contacts: new Set([NURSE.bare.text, TYBALT.text]) };

interface Waiting {
  readonly from: Jid;
  readonly messages: number;
  readonly bytes?: number;
}

function sharesOf(waiting: readonly Waiting[]): OfflineShares {
  const shares = new OfflineShares(LIMITS);
  for (const { from, messages, bytes = messages } of waiting) {
    for (let i = 0; i < messages; i++) shares.count(from.bare.text, bytes / messages, 1);
  }
  return shares;
}

const strangers = { from: ROMEO, messages: 2 };

describe("isFull() is", () => {
  test.each([
    ["false where nothing waits", ROMEO, [], false],
    ["true for a stranger, where strangers have their share", PARIS, [strangers], true],
    ["true for a stranger, where strangers have their bytes", PARIS, [{ ...strangers, messages: 1, bytes: 100 }], true],
    ["false for a contact, where strangers have theirs", NURSE, [strangers], false],
    ["false for the account itself, where strangers have theirs", OWNER, [strangers], false],
    ["false for a server, where strangers have theirs", SERVER, [strangers], false],
    ["true for a contact who has one sender's share", NURSE, [{ from: NURSE, messages: 3 }], true],
    ["true for a contact who has one sender's bytes", NURSE, [{ from: NURSE, messages: 1, bytes: 200 }], true],
    ["false for another contact", TYBALT, [{ from: NURSE, messages: 3 }], false],
    [
      "false for a stranger, where contacts have all",
      ROMEO,
      [
        { from: NURSE, messages: 3 },
        { from: TYBALT, messages: 2 },
      ],
      false,
    ],
    [
      "true for all contacts, where they have all",
      OWNER,
      [
        { from: NURSE, messages: 3 },
        { from: TYBALT, messages: 2 },
      ],
      true,
    ],
    [
      "false for a contact, where strangers only make it so many",
      OWNER,
      [{ from: NURSE, messages: 3 }, strangers],
      false,
    ],
    ["true for a server, where contacts have all bytes", SERVER, [{ from: SERVER, messages: 1, bytes: 800 }], true],
    ["false for a server with more than one sender's share", SERVER, [{ from: SERVER, messages: 4 }], false],
  ] as const)("%s", (_name, from, waiting: readonly Waiting[], full) => {
    expect(sharesOf(waiting).isFull(from, recipient)).toBe(full);
  });
});

test("OfflineShares starts with what the store has counted, and follows what goes", () => {
  const shares = new OfflineShares(LIMITS, [{ sender: ROMEO.bare.text, messages: 2, bytes: 20 }]);
  expect(shares.isFull(PARIS, recipient)).toBe(true);
  shares.count(ROMEO.bare.text, 15, -1);
  expect(shares.isFull(PARIS, recipient)).toBe(false);
  shares.count(PARIS.text, 1, 1);
  expect(shares.isFull(PARIS, recipient)).toBe(true);
  shares.count(ROMEO.bare.text, 15, -1);
  shares.count(ROMEO.bare.text, 15, -1);
  expect(shares.isFull(PARIS, recipient)).toBe(false);
});

test("OfflineShares counts strangers anew where the roster is another", () => {
  const shares = sharesOf([strangers]);
  expect(shares.isFull(PARIS, recipient)).toBe(true);
  expect(shares.isFull(PARIS, { owner: OWNER, contacts: new Set([ROMEO.bare.text]) })).toBe(false);
});
