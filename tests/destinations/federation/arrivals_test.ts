import { describe, expect, test } from "bun:test";
import { Arrivals, arrivalMark } from "../../../destinations/federation/arrivals.ts";
import type { ArrivedMessages } from "../../../store/store.ts";
import { NS } from "../../../xmpp/ns.ts";
import { Stanza } from "../../../xmpp/stanza.ts";
import { xml } from "../../../xmpp/xml/xml.ts";
import { TestLog } from "../../conversation/test_log.ts";

const THERE = "mantua.example";

/** A table of the store whose commits the test decides. */
class Keeper {
  kept: ArrivedMessages[] = [];
  commits: (() => void)[] = [];
  fault: Error | undefined;

  load = async () => this.kept;

  keep = (arrived: ArrivedMessages): Promise<void> =>
    new Promise((resolve, reject) =>
      this.commits.push(() => {
        if (this.fault !== undefined) return reject(this.fault);
        this.kept = [arrived, ...this.kept.filter(({ domain }) => domain !== arrived.domain)];
        resolve();
      }),
    );

  async commit(): Promise<void> {
    for (const commit of this.commits.splice(0)) commit();
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  }
}

function stageOf(keeper = new Keeper()) {
  const log = new TestLog();
  const arrivals = new Arrivals({ keeper, log, now: () => 7 });
  const told: string[] = [];
  const take = (id: string, name: string) => arrivals.take(marked(id), () => told.push(name));
  return { keeper, log, arrivals, told, take };
}

function marked(id: string, by = THERE): Stanza {
  const text = xml`<message xmlns="${NS.CLIENT}" from="romeo@${THERE}/x" to="juliet@verona.example"><body>Hi</body></message>`;
  return Stanza.parse(text.text).with(arrivalMark(by, id));
}

describe("a message that comes again", () => {
  test("is not taken, and counts as handled when the first one and its id are durable", async () => {
    const { keeper, told, take } = stageOf();
    const durable = take("a", "first")!;
    expect(take("a", "second")).toBeUndefined();
    durable();
    expect(take("a", "third")).toBeUndefined();
    expect(told).toEqual([]);
    await keeper.commit();
    expect(told).toEqual(["first", "second", "third"]);
    expect(take("a", "fourth")).toBeUndefined();
    expect(told).toHaveLength(4);
  });

  test("is known after a restart", async () => {
    const { keeper, take } = stageOf();
    take("a", "first")!();
    await keeper.commit();
    const again = stageOf(keeper);
    await again.arrivals.load();
    expect(again.take("a", "second")).toBeUndefined();
    expect(again.told).toEqual(["second"]);
    expect(again.take("b", "other")).toBeDefined();
  });

  test("is taken after a restart where the first one was not durable", async () => {
    const { keeper, take } = stageOf();
    take("a", "first");
    take("b", "other")!();
    await keeper.commit();
    expect(keeper.kept).toEqual([{ domain: THERE, ids: ["b"], at: 7 }]);
  });

  test("one write at a time: what becomes durable meanwhile goes together", async () => {
    const { keeper, told, take } = stageOf();
    for (const id of ["a", "b", "c"]) take(id, id)!();
    expect(keeper.commits).toHaveLength(1);
    await keeper.commit();
    expect(told).toEqual(["a"]);
    await keeper.commit();
    expect(told).toEqual(["a", "b", "c"]);
    expect(keeper.kept[0]!.ids).toEqual(["a", "b", "c"]);
  });

  test("a store that fails holds up nobody, and is told", async () => {
    const { keeper, log, told, take } = stageOf();
    keeper.fault = new Error("disk full");
    take("a", "first")!();
    await keeper.commit();
    expect(told).toEqual(["first"]);
    expect(log.errors[0]).toStartWith("cannot keep what has come from another server");
  });
});

test.each([
  ["no id of its server", marked("a", "other.example")],
  ["two ids of its server", marked("a").with(arrivalMark(THERE, "b"))],
  ["an id that is too long", marked("a".repeat(129))],
  ["no message", Stanza.parse(`<presence xmlns="${NS.CLIENT}" from="romeo@${THERE}/x" to="juliet@verona.example"/>`)],
])("%s: it is taken each time", (_, stanza) => {
  const { arrivals } = stageOf();
  const handled = () => {};
  expect(arrivals.take(stanza, handled)).toBe(handled);
  expect(arrivals.take(stanza, handled)).toBe(handled);
});

test("of one server the last 256 are known; one that is forgotten is still told", async () => {
  const { keeper, told, take } = stageOf();
  const first = take("0", "0")!;
  for (let id = 1; id <= 256; id++) take(String(id), String(id));
  first();
  await keeper.commit();
  expect(told).toEqual(["0"]);
  expect(take("0", "again")).toBeDefined();
  expect(take("2", "again")).toBeUndefined();
});
