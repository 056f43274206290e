/** The numbers that a server shows over HTTP move with what happens in it. */
import { expect } from "bun:test";
import { get, modules, type ServerModule, StoreFault } from "../../mod.ts";
import { formatDateTime } from "../../xmpp/date_time.ts";
import { NS } from "../../xmpp/ns.ts";
import { xml } from "../../xmpp/xml/xml.ts";
import type { Cast } from "../conversation/cast.ts";
import { stage } from "../conversation/stage.ts";
import { FailingStore } from "../crash/failing_store.ts";
import { scrape } from "../server/metrics/exposition.ts";

let letGo = () => {};
const slow: ServerModule = {
  name: "slow",
  xeps: [],
  accountIq: {
    [get("urn:verona", "potion")]: async () => {
      await new Promise<void>((resolve) => {
        letGo = resolve;
      });
      return undefined;
    },
  },
};

const KNOWN = { amp: { presencePolicy: "open" }, nodes: 1 } as const;
const scenario = stage({
  ...KNOWN,
  manualClock: true,
  modules: [...modules, slow],
  gateways: {
    "fax.example.org": ({ body, attempt }) => {
      if (body === "thrown" && attempt === 1) throw new Error("Cannot dial: line busy");
      return body === "refused" ? "refused" : "accepted";
    },
  },
});
const stores: FailingStore[] = [];
const unsafe = stage({
  ...KNOWN,
  wrapStore: (store) => {
    const failing = new FailingStore(store);
    stores.push(failing);
    return failing;
  },
});

const messagesOnly = { hears: ["message"] } as const;
const chat = (to: string, id = "m1", rules: ReturnType<typeof xml> | undefined = undefined) =>
  xml`<message to="${to}" id="${id}" type="chat"><body>Hi</body>${rules}</message>`;
const urlOf = ({ server }: Cast) => `http://127.0.0.1:${server.address.httpPort}`;
const health = (cast: Cast, path: string) => fetch(urlOf(cast) + path).then(({ status }) => status);

/** What has become of the numbers since then. */
async function watch(cast: Cast): Promise<(name: string) => Promise<number>> {
  const before = (await scrape(urlOf(cast))).samples;
  return async (name) => ((await scrape(urlOf(cast))).samples.get(name) ?? 0) - (before.get(name) ?? 0);
}

async function value(cast: Cast, name: string): Promise<number | undefined> {
  return (await scrape(urlOf(cast))).samples.get(name);
}

async function until(what: () => Promise<boolean>): Promise<void> {
  for (let waited = 0; !(await what()); waited += 20) {
    if (waited > 8000) throw new Error("It does not come");
    await Bun.sleep(20);
  }
}

scenario("a message that is proved, its rows, sessions and logins", async (cast) => {
  const { romeo, juliet, server, settled, transport } = cast;
  const moved = await watch(cast);
  await romeo.online(messagesOnly);
  await juliet.online(messagesOnly);
  romeo.sends(chat(juliet.full));
  await juliet.receives(xml`<message from="${romeo.full}" id="m1" type="chat"><body>Hi</body></message>`);
  await settled();
  await until(async () => (await moved('ampact_outcomes_total{kind="direct"}')) === 1);
  expect(await moved('ampact_proof_seconds_count{source="direct"}')).toBe(1);
  await server.commits();
  expect(await moved("ampact_commit_seconds_count")).toBeGreaterThanOrEqual(1);
  expect(await moved("ampact_store_batch_seconds_count")).toBeGreaterThan(0);
  expect(await moved("ampact_store_batch_writes_sum")).toBeGreaterThan(0);
  expect(await moved(`ampact_sessions{transport="${transport}"}`)).toBe(2);
  expect(await moved('ampact_logins_total{mechanism="PLAIN",result="success"}')).toBe(2);
  await romeo.logsOut();
  await until(async () => (await moved(`ampact_sessions{transport="${transport}"}`)) === 1);
});

scenario("a message that waits, its age and its deadline, then its proof", async (cast) => {
  const { romeo, juliet, clock, settled } = cast;
  await romeo.online(messagesOnly);
  clock.advance(10_000);
  const moved = await watch(cast);
  const until10 = formatDateTime(clock.now() + 30_000);
  const rules = xml`<amp xmlns="${NS.AMP}"><rule condition="expire-at" value="${until10}" action="notify"/></amp>`;
  romeo.sends(chat(juliet.bare, "m1", rules));
  await settled();
  expect(await moved('ampact_outcomes_total{kind="stored"}')).toBe(1);
  clock.advance(20_000);
  expect(await moved("ampact_waiting_messages")).toBe(1);
  expect(await value(cast, "ampact_oldest_waiting_seconds")).toBeCloseTo(20, 0);
  expect(await value(cast, "ampact_deadlines_due")).toBe(0);
  clock.advance(20_000);
  expect(await value(cast, "ampact_deadlines_due")).toBe(1);
  await juliet.online({ ...messagesOnly });
  await juliet.gets("message", NS.CLIENT);
  await settled();
  await until(async () => (await moved('ampact_proof_seconds_count{source="stored"}')) === 1);
  clock.advance(10_000);
  await until(async () => {
    clock.advance(10_000);
    return (await moved("ampact_waiting_messages")) === 0;
  });
  await romeo.ignores();
});

scenario("refusals by condition", async (cast) => {
  const { romeo, paris } = cast;
  const moved = await watch(cast);
  await romeo.online();
  const refused = (condition: string) => moved(`ampact_refusals_total{condition="${condition}"}`);
  const before = await refused("service-unavailable");
  romeo.sends(chat(paris.bare));
  await romeo.gets("message", NS.CLIENT);
  expect((await refused("service-unavailable")) - before).toBe(1);
  await romeo.asks(xml`<iq type="get" to="${romeo.bare}"><unheard xmlns="urn:verona"/></iq>`);
  expect((await refused("service-unavailable")) - before).toBe(2);
  romeo.sends(xml`<message to="a@nowhere.example" id="m2"><body>Hi</body></message>`);
  await romeo.gets("message", NS.CLIENT);
  expect(await refused("remote-server-not-found")).toBe(1);
  romeo.sends(chat(romeo.bare, "m3", xml`<amp xmlns="${NS.AMP}"/>`));
  await romeo.gets("message", NS.CLIENT);
  expect(await refused("not-acceptable")).toBe(1);
});

scenario("logins that fail", async (cast) => {
  const { romeo } = cast;
  const moved = await watch(cast);
  await romeo.connects();
  const data = btoa(`\0${romeo.local}\0capulet`);
  romeo.sendsRaw(xml`<auth xmlns="${NS.SASL}" mechanism="PLAIN">${data}</auth>`.text);
  await romeo.gets("failure", NS.SASL);
  expect(await moved('ampact_logins_total{mechanism="PLAIN",result="not-authorized"}')).toBe(1);
});

scenario("attempts of a hop by result", async (cast) => {
  const { romeo } = cast;
  const moved = await watch(cast);
  await romeo.online(messagesOnly);
  const fax = (body: string) => xml`<message to="${body}@fax.example.org" id="${body}"><body>${body}</body></message>`;
  for (const body of ["accepted", "refused", "thrown"]) romeo.sends(fax(body));
  await romeo.gets("message", NS.CLIENT);
  await until(async () => (await moved('ampact_hop_attempts_total{result="taken"}')) === 2);
  expect(await moved('ampact_hop_attempts_total{result="refused"}')).toBe(1);
  expect(await moved('ampact_hop_attempts_total{result="failed"}')).toBe(1);
  expect(await moved('ampact_outcomes_total{kind="gateway"}')).toBe(2);
});

scenario("the longest mailbox", { transports: ["websocket"] }, async (cast) => {
  const { romeo } = cast;
  await romeo.online();
  romeo.sends(xml`<iq type="get" id="slow" to="${romeo.bare}"><potion xmlns="urn:verona"/></iq>`);
  for (const id of ["p1", "p2", "p3"])
    romeo.sends(xml`<iq type="get" id="${id}" to="${romeo.bare}"><ping xmlns="urn:xmpp:ping"/></iq>`);
  await until(async () => (await value(cast, 'ampact_mailbox_length{actor="user"}')) === 3);
  letGo();
  for (let at = 0; at < 4; at++) await romeo.gets("iq", NS.CLIENT);
  expect(await value(cast, 'ampact_mailbox_length{actor="user"}')).toBe(0);
});

scenario("an event loop that stands still", { transports: ["websocket"] }, async (cast) => {
  const moved = await watch(cast);
  const late = async () =>
    (await moved("ampact_event_loop_delay_seconds_count")) -
    (await moved('ampact_event_loop_delay_seconds_bucket{le="0.1"}'));
  const end = performance.now() + 400;
  while (performance.now() < end);
  await until(async () => (await late()) >= 1);
});

unsafe("the server is not ready while its store cannot commit", { transports: ["websocket"] }, async (cast) => {
  const { romeo, juliet, expectsLogged } = cast;
  const store = stores.at(-1)!;
  await romeo.online(messagesOnly);
  const moved = await watch(cast);
  expect(await health(cast, "/readyz")).toBe(200);
  expect(await value(cast, "ampact_ready")).toBe(1);
  expectsLogged("store cannot commit");
  expectsLogged("cannot keep message in archive");
  store.fault = new StoreFault("full", "Cannot commit: disk full");
  romeo.sends(chat(juliet.bare));
  await romeo.gets("message", NS.CLIENT);
  expect(await health(cast, "/readyz")).toBe(503);
  expect(await health(cast, "/healthz")).toBe(200);
  expect(await value(cast, "ampact_ready")).toBe(0);
  expect(await moved("ampact_store_failed_batches_total")).toBeGreaterThan(0);
  expect(await moved('ampact_refusals_total{condition="resource-constraint"}')).toBe(1);
  store.fault = undefined;
  await until(async () => (await health(cast, "/readyz")) === 200);
  expect(await value(cast, "ampact_ready")).toBe(1);
});
