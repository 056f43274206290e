import { expect, test } from "bun:test";
import type { Connection } from "../../actors/connection.ts";
import type { Envelope } from "../../actors/delivery/delivery_letter.ts";
import type { BudgetLimits } from "../../actors/session/account_budget.ts";
import { ActorSystem, type SystemStart } from "../../actors/system.ts";
import type { ServerModule } from "../../modules/module.ts";
import { createRegistry } from "../../modules/registry.ts";
import { loadConfig } from "../../server/config.ts";
import { nodeSettings } from "../../server/server_settings.ts";
import type { StoreCall, StoreReply } from "../../store/store.ts";
import type { StanzaError } from "../../xmpp/errors.ts";
import { Jid } from "../../xmpp/jid.ts";
import { SILENT_LOG } from "../../xmpp/log.ts";
import { scanElement } from "../../xmpp/xml/element_reader.ts";
import { raw } from "../../xmpp/xml/xml.ts";

const HOUR_MS = 3_600_000;

interface Setting {
  readonly system: ActorSystem;
  /** What the store was asked for. */
  readonly calls: StoreCall[];
  /** The latest task for each delay. */
  readonly tasks: Map<number, () => void>;
}

const NO_BUDGET = { stanzasPerSecond: 0, stanzaBurst: 1, bytesPerSecond: 0, byteBurst: 1, workPerSecond: 0 };
const LIMITS = { maxBytes: 10_000, maxDepth: 10, maxAttributes: 100, maxChildren: 100, maxElements: 1000 };

async function waitFor(condition: () => boolean, turns = 1000): Promise<void> {
  for (let turn = 0; turn < turns && !condition(); turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** A system over a store that answers every call with 0, once `gate.open` resolves. */
function setting(
  gate: { readonly open: Promise<void> } = { open: Promise.resolve() },
  budget: BudgetLimits = NO_BUDGET,
  more: Partial<SystemStart["settings"]> = {},
  { destinations = [], modules = [] }: Pick<Partial<SystemStart>, "destinations"> & { modules?: ServerModule[] } = {},
): Setting {
  const calls: StoreCall[] = [];
  const tasks: Setting["tasks"] = new Map();
  const run = async (batch: readonly StoreCall[]): Promise<readonly StoreReply[]> => {
    calls.push(...batch);
    await gate.open;
    return batch.map(([method]) => ({ value: method === "user" ? undefined : 0 }));
  };
  const start = {
    settings: {
      domains: ["localhost"],
      probeTimeoutMs: 1000,
      idleMs: 1000,
      resumeMs: 1000,
      resourcesPerUser: 1,
      budget,
      ...more,
    },
    registry: createRegistry(modules, nodeSettings(loadConfig({ env: {} }))),
    store: { run, read: run },
    log: SILENT_LOG,
    destinations,
    now: () => 48 * HOUR_MS,
    newId: () => "id",
    schedule: (ms: number, task: () => void) => {
      tasks.set(ms, task);
      return () => tasks.delete(ms);
    },
  } as unknown as SystemStart;
  return { system: new ActorSystem(start, { lastSeq: 0, idKey: new Uint8Array(16) }), calls, tasks };
}

test("ActorSystem.run() removes old counts of streams now, and every hour", () => {
  const { system, calls, tasks } = setting();
  system.run();
  expect(calls.filter(([method]) => method === "pruneStreams")).toEqual([["pruneStreams", 24 * HOUR_MS]]);
  const again = tasks.get(HOUR_MS)!;
  tasks.delete(HOUR_MS);
  again();
  expect(tasks.has(HOUR_MS)).toBe(true);
});

test("ActorSystem.bind() leaves no session behind where the answer came too late", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { system, tasks } = setting({ open: promise });
  const sent: string[] = [];
  const connection = { close: () => void sent.push("closed"), send: (text: string) => void sent.push(text) };
  const bound = system.bind({
    account: Jid.parse("romeo@localhost"),
    resource: "orchard",
    connection: connection as unknown as Connection,
  });
  tasks.get(10_000)!();
  const error = await bound.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect((error as StanzaError).condition).toBe("resource-constraint");
  resolve();
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  const romeo = system.activeUser(Jid.parse("romeo@localhost"));
  expect(romeo).toBeDefined();
  expect(system.sessionCount).toBe(0);
  expect(sent).toEqual([]);
});

test("a client that asks made-up names is not read while 4096 questions wait for the store, and no name is asked for twice", async () => {
  const gate: { open: Promise<void> } = { open: Promise.resolve() };
  const { system, calls, tasks } = setting(gate);
  let isRead = true;
  const connection = {
    close: () => {},
    send: () => {},
    backlog: 0,
    pause: () => (isRead = false),
    resume: () => (isRead = true),
  } as unknown as Connection;
  const session = await system.bind({ account: Jid.parse("romeo@localhost"), resource: undefined, connection });
  const { promise, resolve } = Promise.withResolvers<void>();
  gate.open = promise;
  const question = (name: number) =>
    `<iq xmlns="jabber:client" type="get" id="1" to="nobody${name}@localhost"><ping xmlns="urn:xmpp:ping"/></iq>`;
  const ask = (name: number) => session.tell({ kind: "inbound", element: scanElement(question(name), LIMITS) });
  let name = 0;
  while (isRead && name < 10_000) ask(name++);
  // One that was read already is taken, and waits.
  ask(name++);
  const asked = () => calls.filter(([method]) => method === "user").map(([, account]) => account);
  expect(name).toBe(4098);
  resolve();
  await waitFor(() => asked().length > 4000 && tasks.has(0));
  tasks.get(0)!();
  expect(isRead).toBe(true);
  await waitFor(() => asked().length === 4099);
  for (let again = 0; again < 4098; again++) ask(again);
  await waitFor(() => false, 20);
  expect(new Set(asked()).size).toBe(asked().length);
});

test.each([
  ["goes on once they are handled", NO_BUDGET, true],
  ["still pays its account's debt", { ...NO_BUDGET, stanzasPerSecond: 1, stanzaBurst: 5 }, false],
])("a client is not read while 32 messages of it wait, and %s", async (_what, budget, goesOn) => {
  const { system, tasks } = setting(undefined, budget);
  let isRead = true;
  const connection = {
    close: () => {},
    send: () => {},
    backlog: 0,
    pause: () => (isRead = false),
    resume: () => (isRead = true),
  } as unknown as Connection;
  const session = await system.bind({ account: Jid.parse("romeo@localhost"), resource: undefined, connection });
  const active = scanElement('<active xmlns="urn:xmpp:csi:0"/>', LIMITS);
  let told = 0;
  system.hold();
  for (; isRead && told < 100; told++) session.tell({ kind: "inbound", element: active });
  expect(told).toBe(32);
  tasks.get(0)!();
  expect(isRead).toBe(false);
  system.handle();
  tasks.get(0)!();
  expect(isRead).toBe(goesOn);
});

test("what waits for all clients of an account that do not read has one bound: the one that most waits for ends", async () => {
  const { system } = setting(undefined, NO_BUDGET, { resourcesPerUser: 3, accountUnprovedBytes: 6_000_000 });
  const closed: string[] = [];
  const open = async (resource: string) => {
    const connection = { backlog: 0, close: () => void closed.push(resource), send: () => {}, pause() {}, resume() {} };
    const session = await system.bind({
      account: Jid.parse("romeo@localhost"),
      resource,
      connection: connection as unknown as Connection,
    });
    /** A request is answered while so much waits to be sent. */
    return (backlog: number) => {
      connection.backlog = backlog;
      session.tell({ kind: "inbound", element: scanElement('<iq xmlns="jabber:client" type="get"/>', LIMITS) });
    };
  };
  const [one, two, three] = [await open("one"), await open("two"), await open("three")];
  for (const [answered, backlog] of [
    [one, 1_500_000],
    [two, 3_000_000],
    [three, 1_400_000],
  ] as const) {
    answered(backlog);
    expect(closed).toEqual([]);
  }
  three(1_600_000);
  expect(closed).toEqual(["two"]);
  three(4_400_000);
  expect(closed).toEqual(["two"]);
});

test("a destination that never finishes a message holds the count of its sender for a minute", async () => {
  const taken: string[] = [];
  const bots = {
    serves: (domain: string) => domain === "bots",
    accept: ({ stanza }: Envelope) => void taken.push(stanza.id!),
  };
  const { system, tasks } = setting(undefined, NO_BUDGET, {}, { destinations: [bots] });
  const sent: string[] = [];
  const connection = { transport: "tcp", backlog: 0, close() {}, send: (text: string) => void sent.push(text) };
  const session = await system.bind({
    account: Jid.parse("romeo@localhost"),
    resource: undefined,
    connection: connection as unknown as Connection,
  });
  const say = (text: string) => session.tell({ kind: "inbound", element: scanElement(text, LIMITS) });
  say('<enable xmlns="urn:xmpp:sm:3"/>');
  say('<message xmlns="jabber:client" to="a@bots" id="m1"><body>Hi</body></message>');
  say('<r xmlns="urn:xmpp:sm:3"/>');
  await waitFor(() => false, 20);
  expect(taken).toEqual(["m1"]);
  expect(sent.filter((text) => text.startsWith("<a "))).toEqual([]);
  tasks.get(60_000)!();
  await waitFor(() => sent.some((text) => text.startsWith("<a ")));
  expect(sent.at(-1)).toBe('<a xmlns="urn:xmpp:sm:3" h="1"/>');
});

test("a client that was given a long answer, whoever has made it, is read again after a while", async () => {
  const long = raw(`<x xmlns="urn:long">${"x".repeat(320_000)}</x>`);
  const modules = [{ name: "long", xeps: [], serverIq: { "get urn:long x": () => long } }];
  const { system, tasks } = setting(undefined, { ...NO_BUDGET, workPerSecond: 20 }, {}, { modules });
  const paused: string[] = [];
  const open = async (account: string) => {
    const connection = { backlog: 0, close() {}, send() {}, pause: () => void paused.push(account), resume() {} };
    return system.bind({
      account: Jid.parse(`${account}@localhost`),
      resource: undefined,
      connection: connection as unknown as Connection,
    });
  };
  const [romeo, juliet] = [await open("romeo"), await open("juliet")];
  const ask = (session: typeof romeo, ns: string) => {
    const text = `<iq xmlns="jabber:client" type="get" id="1" to="localhost"><x xmlns="${ns}"/></iq>`;
    session.tell({ kind: "inbound", element: scanElement(text, LIMITS) });
  };
  ask(juliet, "urn:short");
  await waitFor(() => false, 20);
  expect(paused).toEqual([]);
  ask(romeo, "urn:long");
  await waitFor(() => paused.length > 0);
  expect(paused).toEqual(["romeo"]);
  expect(tasks.has(10)).toBe(true);
});
