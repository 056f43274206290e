import { describe, expect, test } from "bun:test";
import { Meters } from "../../actors/meters.ts";
import type { Node } from "../../actors/node.ts";
import { ALONE } from "../../actors/peers.ts";
import { Scheduler } from "../../actors/runtime/scheduler.ts";
import { UserDirectory, userKinds } from "../../actors/user_directory.ts";
import type { UserRecord } from "../../store/store.ts";
import { newUserRecord } from "../../testing/store/harness.ts";
import { Jid } from "../../xmpp/jid.ts";
import { Stanza } from "../../xmpp/stanza.ts";

const ROMEO = Jid.parse("romeo@montague.lit");
const RECORD = newUserRecord(ROMEO.text);

interface Setting {
  readonly directory: UserDirectory;
  /** Reads that wait for their answer, oldest first. */
  readonly reads: ((record: UserRecord | undefined) => void)[];
  advance(ms: number): void;
}

function setting(): Setting {
  let now = 0;
  const reads: Setting["reads"] = [];
  const node = {
    now: () => now,
    peers: ALONE,
    scheduler: new Scheduler(Date.now),
    database: { user: () => new Promise((resolve) => reads.push(resolve)) },
    log: { error: () => {} },
    settings: { mailboxMessages: 100, mailboxBytes: 100_000 },
  } as unknown as Node;
  const directory = new UserDirectory(
    node,
    userKinds(() => node),
  );
  return { directory, reads, advance: (ms) => (now += ms) };
}

test.each([
  ["subscribe", ["error resource-constraint", "applied"]],
  ["unsubscribed", ["applied"]],
  ["probe", ["applied"]],
  [undefined, []],
] as const)("presence of type %s at a full mailbox: %j, and what follows it goes on", (type, told) => {
  const heard: string[] = [];
  const node = {
    meters: new Meters(),
    settings: { mailboxMessages: 100, mailboxBytes: 100_000 },
    send: (_: unknown, { kind }: { kind: string }) => heard.push(kind),
    route: (stanza: Stanza) => heard.push(`${stanza.type} ${/<([a-z-]+) xmlns="urn:ietf/.exec(stanza.inner)?.[1]}`),
  } as unknown as Node;
  const stanza = Stanza.build("presence", { from: ROMEO, to: Jid.parse("juliet@capulet.lit"), type });
  userKinds(() => node).user.overflow({ kind: "inbound", stanza }, {} as never);
  expect(heard).toEqual([...told]);
});

async function answer(read: ((record: UserRecord | undefined) => void) | undefined, record?: UserRecord) {
  read!(record);
  await Promise.resolve();
  await Promise.resolve();
}

describe("UserDirectory", () => {
  test.each([
    ["an account stays for a minute", RECORD, 59_000, 60_000],
    ["a name that is no account for a second", undefined, 999, 1000],
  ] as const)("sweep() forgets who is idle: %s", async (_, record, stays, goes) => {
    const { directory, reads, advance } = setting();
    directory.get(ROMEO);
    await answer(reads[0], record);
    advance(stays);
    directory.sweep(new Set());
    expect(directory.size).toBe(1);
    advance(goes - stays);
    directory.sweep(new Set());
    expect(directory.size).toBe(0);
  });

  test("of names that are no accounts only so many are active, and only those that have gone are forgotten", async () => {
    const { directory, reads } = setting();
    directory.get(ROMEO);
    await answer(reads[0], RECORD);
    for (let count = 0; count < 50_000; count++) {
      directory.get(Jid.of(`nobody${count}`, "montague.lit"));
      await answer(reads[count + 1]);
      reads[count + 1] = () => {};
    }
    expect(directory.size).toBeLessThanOrEqual(20_001);
    expect(directory.find(ROMEO)).toBeDefined();
  });

  test("sweep() leaves alone who is still being read", () => {
    const { directory, advance } = setting();
    directory.get(ROMEO);
    advance(120_000);
    directory.sweep(new Set());
    expect(directory.size).toBe(1);
  });

  test("renew() forgets a name that was no account, and keeps an account", async () => {
    const { directory, reads } = setting();
    directory.get(ROMEO);
    await answer(reads[0]);
    directory.renew(ROMEO);
    expect(directory.size).toBe(0);
    directory.get(ROMEO);
    await answer(reads[1], RECORD);
    directory.renew(ROMEO);
    expect(directory.size).toBe(1);
  });

  test("get() does not have a name that is no account read twice within five minutes", async () => {
    const { directory, reads, advance } = setting();
    const leave = () => {
      advance(1000);
      directory.sweep(new Set());
      expect(directory.size).toBe(0);
    };
    directory.get(ROMEO);
    await answer(reads[0]);
    for (let count = 0; count < 299; count++) {
      leave();
      directory.get(ROMEO);
    }
    expect(reads).toHaveLength(1);
    advance(1000);
    leave();
    directory.get(ROMEO);
    expect(reads).toHaveLength(2);
  });

  test("renew() has an account read again that was looked for too early", async () => {
    const { directory, reads } = setting();
    const before = directory.get(ROMEO);
    directory.renew(ROMEO);
    await answer(reads[0]);
    expect(reads).toHaveLength(2);
    await answer(reads[1], RECORD);
    expect(reads).toHaveLength(2);
    expect(directory.get(ROMEO)).toBe(before);
  });
});
