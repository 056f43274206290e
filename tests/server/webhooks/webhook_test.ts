import { afterEach, describe, expect, test } from "bun:test";
import type { Webhook } from "../../../server/webhooks/webhooks.ts";
import { type Answer, Endpoint, type Hit, HookStage, settle, until } from "./hook_stage.ts";

const SECOND = 1000;
const HOUR = 3_600_000;
const ends: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function endpoint(answer: (hit: Hit) => Answer = () => 204): Promise<Endpoint> {
  const opened = await Endpoint.open();
  opened.answer = answer;
  ends.push(() => opened.close());
  return opened;
}

function running(webhook: Webhook): Webhook {
  webhook.run();
  ends.push(() => webhook.stop());
  return webhook;
}

describe("order", () => {
  test("the next event of a message waits for the one before; other messages go on", async () => {
    const stage = new HookStage();
    let isBad = true;
    const { url, ...there } = await endpointOf((hit) => (isBad && hit.message === "a" ? 500 : 204));
    running(stage.webhook({ url }));
    stage.step("a", { kind: "accepted" });
    stage.step("a", { kind: "stored" });
    stage.step("b", { kind: "accepted" });
    stage.step("b", { kind: "stored" });
    await until(() => there.told().includes("b stored"), "b is told");
    await settle();
    expect(there.told().filter((told) => told.startsWith("a"))).toEqual(["a accepted"]);
    isBad = false;
    await stage.clock.advance(2 * SECOND);
    await until(() => there.told().includes("a stored"), "a goes on");
    expect(there.told().filter((told) => told.startsWith("a"))).toEqual(["a accepted", "a accepted", "a stored"]);
  });

  test("a webhook that never answers holds up no other, and no more than eight attempts at a time", async () => {
    const stage = new HookStage();
    const slow = await endpoint(() => "hang");
    const quick = await endpoint();
    running(stage.webhook({ url: slow.url }));
    running(stage.webhook({ url: quick.url }));
    for (let i = 0; i < 30; i++) stage.step(`m${i}`);
    await until(() => quick.hits.length === 30, "the quick one has all");
    await settle();
    expect(slow.hits).toHaveLength(8);
  });

  test("more than a thousand events do not wait: then no more is read, and nothing is lost", async () => {
    const stage = new HookStage();
    const there = await endpoint(() => "hang");
    const webhook = running(stage.webhook({ url: there.url }));
    for (let i = 0; i < 1500; i++) stage.step(`m${i}`);
    await until(() => webhook.status.waiting === 1000, "a thousand wait");
    await settle();
    expect(webhook.status).toMatchObject({ waiting: 1000, cursor: 1000 });
    there.answer = () => 204;
    await stage.clock.advance(12 * SECOND);
    await until(() => webhook.status.waiting === 0 && webhook.status.cursor === 1500, "all are taken");
    expect(new Set(there.hits.map(({ message }) => message)).size).toBe(1500);
  });
});

/** With the words of its hits as a function, since they grow. */
async function endpointOf(answer: (hit: Hit) => Answer) {
  const there = await endpoint(answer);
  return { url: there.url, told: () => there.told };
}

describe("attempts", () => {
  test("back off exponentially, up to half an hour, under one id and each with its own time", async () => {
    const stage = new HookStage();
    const there = await endpoint(() => 503);
    running(stage.webhook({ url: there.url }));
    stage.step("a");
    await until(() => there.hits.length === 1, "the first attempt");
    await until(() => stage.warnings.length === 1, "the first answer");
    const count = (ms: number) => stage.clock.delays.filter((delay) => delay === ms).length;
    await stage.clock.advance(SECOND);
    await until(() => there.hits.length === 2, "the second attempt");
    const expected = [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, ...Array.from({ length: 28 }, () => 1800)];
    for (const [at, seconds] of expected.entries()) {
      const pause = seconds * SECOND;
      const known = expected.slice(0, at).filter((other) => other === seconds).length;
      await until(() => count(pause) > known, `the answer to attempt ${at + 2}`);
      await stage.clock.advance(pause - 1);
      expect(there.hits).toHaveLength(at + 2);
      await stage.clock.advance(1);
      await until(() => there.hits.length === at + 3, `attempt ${at + 3}`);
    }
    expect(new Set(there.hits.map(({ id }) => id)).size).toBe(1);
    const times = there.hits.map(({ headers }) => Number(headers["webhook-timestamp"]));
    expect(times).toEqual(times.toSorted((x, y) => x - y));
    expect(times.at(-1)! - times[0]!).toBeGreaterThan(14 * 3600);
    expect(stage.warnings).toEqual(["webhook takes no event: HTTP status 503"]);
  });

  const BAD: readonly (readonly [Answer, string])[] = [
    [302, "HTTP status 302"],
    [404, "HTTP status 404"],
    ["hang", "no answer within 10000 ms"],
    ["garbage", ""],
  ];
  test.each(BAD)("%s is no answer: the connection ends, nothing else is asked for", async (answer, why) => {
    const stage = new HookStage();
    const there = await endpoint(() => answer);
    running(stage.webhook({ url: there.url }));
    stage.step("a");
    await until(() => there.hits.length === 1, "the attempt");
    await settle();
    expect(there.hits).toHaveLength(1);
    if (answer === "hang") await stage.clock.advance(10 * SECOND);
    await until(() => stage.warnings.length === 1, "it is told");
    expect(stage.warnings[0]).toStartWith(`webhook takes no event: ${why}`);
    if (answer === "hang") await until(() => there.broken === 1, "the connection is broken off");
  });

  test("an answer without end is taken by its status, and broken off", async () => {
    const stage = new HookStage();
    const there = await endpoint(() => "endless");
    const webhook = running(stage.webhook({ url: there.url }));
    stage.step("a");
    await until(() => there.broken === 1, "the connection is broken off");
    await until(() => webhook.status.waiting === 0, "the event is taken");
    expect(there.hits).toHaveLength(1);
  });

  test("nobody there is no answer", async () => {
    const stage = new HookStage();
    running(stage.webhook({ url: "http://127.0.0.1:9/" }));
    stage.step("a");
    await until(() => stage.warnings.length === 1, "it is told");
  });
});

describe("addresses inside the network", () => {
  test.each([["127.0.0.1"], ["10.0.0.1"], ["169.254.169.254"], ["::1"], ["::ffff:127.0.0.1"]])(
    "a name that leads to %s is refused; nothing is sent",
    async (address) => {
      const stage = new HookStage();
      const there = await endpoint();
      const { port } = new URL(there.url);
      const find = async () => [{ address, family: address.includes(":") ? 6 : 4 }];
      running(stage.webhook({ url: `http://hooks.example.org:${port}/`, allow_private: false }, find));
      stage.step("a");
      await until(() => stage.warnings.length === 1, "it is told");
      expect(stage.warnings[0]).toContain("Cannot reach hooks.example.org: its address is inside the network");
      expect(there.hits).toEqual([]);
    },
  );

  test("the name is looked up once an attempt, and the connection goes to what was judged", async () => {
    const stage = new HookStage();
    const there = await endpoint();
    const { port } = new URL(there.url);
    let asked = 0;
    const find = async (host: string) => {
      expect(host).toBe("hooks.invalid");
      asked++;
      return [{ address: "127.0.0.1", family: 4 }];
    };
    running(stage.webhook({ url: `http://hooks.invalid:${port}/` }, find));
    stage.step("a");
    await until(() => there.hits.length === 1, "the event has come");
    expect(there.hits[0]!.headers.host).toBe(`hooks.invalid:${port}`);
    expect(asked).toBe(1);
  });

  test("a look-up that never ends has the time of an attempt", async () => {
    const stage = new HookStage();
    running(stage.webhook({ url: "http://hooks.invalid/" }, () => new Promise(() => {})));
    stage.step("a");
    await settle();
    await stage.clock.advance(10 * SECOND);
    await until(() => stage.warnings.length === 1, "it is told");
    expect(stage.warnings[0]).toContain("no answer within 10000 ms");
  });
});

describe("switching off", () => {
  test("after three days without an event taken, with a record; replay() goes on where it was", async () => {
    const stage = new HookStage();
    const there = await endpoint(() => 500);
    const webhook = running(stage.webhook({ url: there.url }));
    stage.step("a");
    await until(() => there.hits.length === 1, "the first attempt");
    await settle();
    await stage.clock.advance(71 * HOUR);
    expect(webhook.status.isOn).toBe(true);
    await stage.clock.advance(2 * HOUR);
    await until(() => !webhook.status.isOn, "it is switched off");
    expect(stage.log.errors.join()).toContain("webhook switched off");
    await settle();
    const hits = there.hits.length;
    stage.step("b");
    await stage.clock.advance(100 * HOUR);
    expect(there.hits).toHaveLength(hits);
    expect(stage.clock.pending).toBe(0);
    there.answer = () => 204;
    await webhook.replay(undefined);
    await until(() => there.hits.length === hits + 2, "both are told");
    expect(there.told.slice(hits).toSorted()).toEqual(["a accepted", "b accepted"]);
    expect(there.hits[hits]!.id === there.hits[0]!.id || there.hits[hits + 1]!.id === there.hits[0]!.id).toBe(true);
    await until(() => webhook.status.waiting === 0, "both are taken");
    expect(webhook.status).toMatchObject({ isOn: true, failedMs: undefined });
  }, 30_000);

  test("stays off over a restart, and is switched on by a replay from a cursor, under the ids of before", async () => {
    const stage = new HookStage();
    const there = await endpoint((hit) => (hit.message === "c" ? 410 : 204));
    const first = running(stage.webhook({ url: there.url }));
    for (const message of ["a", "b", "c"]) stage.step(message);
    await until(() => !first.status.isOn, "410 switches it off");
    await first.stop();
    const ids = new Map(there.hits.map(({ message, id }) => [message, id]));
    const second = running(stage.webhook({ url: there.url }));
    stage.step("d");
    await settle();
    expect(second.status.isOn).toBe(false);
    expect(there.told).not.toContain("d accepted");
    there.answer = () => 204;
    const seen = there.hits.length;
    await second.replay(1);
    await until(() => there.told.slice(seen).includes("d accepted"), "the rest is told");
    await settle();
    expect(there.told.slice(seen).toSorted()).toEqual(["b accepted", "c accepted", "d accepted"]);
    for (const { message, id } of there.hits.slice(seen)) expect(id).toBe(ids.get(message) ?? id);
  });

  test("one event that fails for as long is given up, with a record; the webhook stays on", async () => {
    const stage = new HookStage();
    const there = await endpoint((hit) => (hit.message === "bad" ? 500 : 204));
    const webhook = running(stage.webhook({ url: there.url, retry_hours: 2 }));
    stage.step("bad");
    stage.step("bad", { kind: "stored" });
    for (let i = 0; i < 9; i++) {
      stage.step(`good${i}`);
      await settle();
      await stage.clock.advance(HOUR / 4);
    }
    await until(() => stage.log.errors.length === 1, "the first is given up");
    expect(stage.log.errors[0]).toContain("webhook event given up");
    await until(() => there.told.includes("bad stored"), "the next one is tried");
    expect(webhook.status.isOn).toBe(true);
  });

  test("time in which the server does not run is no time of failing", async () => {
    const stage = new HookStage();
    const there = await endpoint(() => 500);
    const first = stage.webhook({ url: there.url });
    first.run();
    stage.step("a");
    await until(() => there.hits.length === 1, "the first attempt");
    await settle();
    await first.stop();
    await stage.clock.advance(100 * HOUR);
    const second = running(stage.webhook({ url: there.url }));
    await until(() => there.hits.length === 2, "it is tried again");
    await settle();
    expect(second.status.isOn).toBe(true);
  });

  test("a cursor that no step has yet is refused", async () => {
    const stage = new HookStage();
    const there = await endpoint();
    const webhook = running(stage.webhook({ url: there.url }));
    stage.step("a");
    expect(await webhook.replay(7).then(String, String)).toContain("no step has the cursor 7 yet");
    await webhook.replay(0);
    await until(() => there.hits.length >= 1, "it goes on");
  });
});

describe("a restart", () => {
  test("keeps what was read and not taken, in its order", async () => {
    const stage = new HookStage();
    const there = await endpoint((hit) => (hit.message === "a" ? 500 : 204));
    const first = stage.webhook({ url: there.url });
    first.run();
    stage.step("a");
    stage.step("b");
    stage.step("a", { kind: "stored" });
    stage.step("c");
    await until(() => there.told.includes("c accepted"), "the others are told");
    await settle();
    await first.stop();
    expect(first.status).toMatchObject({ cursor: 4, waiting: 2 });
    there.answer = () => 204;
    const seen = there.hits.length;
    running(stage.webhook({ url: there.url }));
    await until(() => there.told.slice(seen).includes("a stored"), "the rest is told");
    expect(there.told.slice(seen)).toEqual(["a accepted", "a stored"]);
  });

  test("what is under way at the stop comes again", async () => {
    const stage = new HookStage();
    const there = await endpoint(() => "hang");
    const first = stage.webhook({ url: there.url });
    first.run();
    stage.step("a");
    await until(() => there.hits.length === 1, "the attempt");
    await first.stop();
    there.answer = () => 204;
    running(stage.webhook({ url: there.url }));
    await until(() => there.hits.length === 2, "it comes again");
    expect(there.hits[1]!.id).toBe(there.hits[0]!.id);
  });
});

describe("choice", () => {
  test("by kind of step and of outcome", async () => {
    const stage = new HookStage();
    const there = await endpoint();
    const webhook = running(stage.webhook({ url: there.url, kinds: ["proved", "gateway"] }));
    stage.step("a", { kind: "proved", resource: "balcony", by: "pong" });
    stage.step("a", { kind: "settled", outcome: { kind: "direct", resource: "balcony" } });
    stage.step("b", { kind: "handed", to: "tel@sms.example.org", attempt: 1, answer: "taken" });
    stage.step("b", { kind: "settled", outcome: { kind: "gateway" } });
    await until(() => webhook.status.cursor === 4 && webhook.status.waiting === 0, "all are read");
    expect(there.told.toSorted()).toEqual(["a proved", "b settled"]);
  });

  test("by account and domain of either side", async () => {
    const stage = new HookStage();
    const there = await endpoint();
    const accounts = ["juliet@example.org", "sms.example.org"];
    const webhook = running(stage.webhook({ url: there.url, accounts }));
    const recipients = {
      a: "juliet@example.org/balcony",
      b: "nurse@example.org",
      c: "tel@sms.example.org",
      d: "example.org",
    };
    for (const [message, to] of Object.entries(recipients)) stage.step(message, { kind: "accepted" }, to);
    await until(() => webhook.status.cursor === 4 && webhook.status.waiting === 0, "all are read");
    expect(there.told.toSorted()).toEqual(["a accepted", "c accepted"]);
  });

  test("the body has both sides and the details of the step, and where it was handed", async () => {
    const stage = new HookStage();
    const there = await endpoint();
    running(stage.webhook({ url: there.url }));
    stage.step("a", { kind: "handed", to: "tel@sms.example.org", attempt: 2, answer: "no-answer" });
    await until(() => there.hits.length === 1, "it is told");
    expect(JSON.parse(there.hits[0]!.text)).toEqual({
      id: there.hits[0]!.id,
      message: "a",
      kind: "handed",
      at: "2026-11-22T14:00:00.000Z",
      cursor: 1,
      from: "romeo@example.net/orchard",
      to: "juliet@example.org",
      handedTo: "tel@sms.example.org",
      attempt: 2,
      answer: "no-answer",
    });
  });
});

test("an objective's event is told until it is taken, to whom wants it, and holds up no step", async () => {
  const stage = new HookStage();
  let isBad = true;
  const { url, ...there } = await endpointOf((hit) => (isBad && hit.message === undefined ? 500 : 204));
  const other = await endpoint();
  const webhook = running(stage.webhook({ url }));
  running(stage.webhook({ url: other.url, kinds: ["proved"] })).announce({ id: "evt_1", body: "{}" });
  webhook.announce({ id: "evt_1", body: JSON.stringify({ id: "evt_1", kind: "objective" }) });
  stage.step("a");
  await until(() => there.told().includes("a accepted"), "the step is told");
  isBad = false;
  await stage.clock.advance(2 * SECOND);
  await until(() => there.told().filter((told) => told.endsWith("objective")).length === 2, "it is told again");
  await settle();
  expect(other.hits).toHaveLength(0);
});
