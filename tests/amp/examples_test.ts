/** XEP-0079 section 5, each scenario played on the actors. */
import { expect, test } from "bun:test";
import { type SmallClient, SmallServer } from "../../scripts/amp_docs/small_server.ts";
import { NS } from "../../xmpp/ns.ts";
import { type Markup, xml } from "../../xmpp/xml/xml.ts";
import { NOON } from "./fixtures.ts";

const BERNARDO = "bernardo@hamlet.lit/elsinore";
const FRANCISCO = "francisco@hamlet.lit";
const HOUR = 3_600_000;

async function stage(): Promise<{ server: SmallServer; bernardo: SmallClient }> {
  const server = await SmallServer.start(["hamlet.lit"], ["bernardo@hamlet.lit", FRANCISCO], NOON);
  return { server, bernardo: await server.online(BERNARDO) };
}

const message = (to: string, rules: Markup) => xml`
  <message xmlns="${NS.CLIENT}" to="${to}" id="m1" type="chat"><body>Who's there?</body><amp xmlns="${NS.AMP}">${rules}</amp></message>`;
const rule = (action: string, condition: string, value: string) =>
  xml`<rule action="${action}" condition="${condition}" value="${value}"/>`;

/** Status and type of what came: "error error", "alert", or the body. */
function told(client: SmallClient): string[] {
  return client.received.splice(0).map((element) => {
    const status = element.child("amp", NS.AMP)?.attr("status");
    const body = element.child("body", NS.CLIENT)?.text;
    return body ?? [status, element.attr("type")].filter(Boolean).join(" ");
  });
}

const RELIABLE = xml`${rule("error", "expire-at", "2026-11-22T14:00:00Z")}${rule("error", "match-resource", "other")}`;

test("XEP-0079 5.1: to that resource; when it has gone, an error, though another resource is there", async () => {
  const { server, bernardo } = await stage();
  const pda = await server.online(`${FRANCISCO}/pda`);
  const orchard = await server.online(`${FRANCISCO}/orchard`);
  bernardo.says(message(`${FRANCISCO}/pda`, RELIABLE).text);
  await server.settles();
  expect([told(pda), told(orchard), told(bernardo)]).toEqual([["Who's there?"], [], []]);
  pda.leaves();
  await server.settles();
  bernardo.says(message(`${FRANCISCO}/pda`, RELIABLE).text);
  await server.settles();
  expect([told(orchard), told(bernardo)]).toEqual([[], ["error error"]]);
  await server.stop();
});

test("XEP-0079 5.1, 3.3.2: and in time", async () => {
  const { server, bernardo } = await stage();
  const pda = await server.online(`${FRANCISCO}/pda`);
  await server.passes(3 * HOUR);
  bernardo.says(message(`${FRANCISCO}/pda`, RELIABLE).text);
  await server.settles();
  expect([told(pda), told(bernardo)]).toEqual([[], ["error error"]]);
  await server.stop();
});

for (const [hours, received] of [
  [0, ["Who's there?"]],
  [2, []],
] as const) {
  test(`XEP-0079 5.2: a time-sensitive message, ${hours} hours later: ${received.length} received, nobody is told`, async () => {
    const { server, bernardo } = await stage();
    bernardo.says(message(FRANCISCO, rule("drop", "expire-at", "2026-11-22T13:00:00Z")).text);
    await server.settles();
    await server.passes(hours * HOUR);
    const home = await server.online(`${FRANCISCO}/home`);
    expect([told(home), told(bernardo)]).toEqual([[...received], []]);
    await server.stop();
  });
}

for (const [action, answer] of [
  ["drop", []],
  ["alert", ["alert"]],
] as const) {
  test(`XEP-0079 5.3: a transient message is never stored: ${action}`, async () => {
    const { server, bernardo } = await stage();
    bernardo.says(message(FRANCISCO, rule(action, "deliver", "stored")).text);
    await server.settles();
    expect(told(bernardo)).toEqual([...answer]);
    const home = await server.online(`${FRANCISCO}/home`);
    expect(told(home)).toEqual([]);
    await server.stop();
  });
}

test("XEP-0079 2.2.2, 2.2.4: what the rules were held against is what is done", async () => {
  const { server, bernardo } = await stage();
  const orchard = await server.online(`${FRANCISCO}/orchard`);
  bernardo.says(message(FRANCISCO, rule("notify", "deliver", "direct")).text);
  await server.settles();
  expect([told(orchard), told(bernardo)]).toEqual([["Who's there?"], ["notify"]]);
  bernardo.says(message(FRANCISCO, rule("error", "deliver", "direct")).text);
  await server.settles();
  expect([told(orchard), told(bernardo)]).toEqual([[], ["error error"]]);
  await server.stop();
});
