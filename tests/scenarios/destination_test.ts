/** A destination of an application's own (echo_destination.ts) is added by one line; the rules of messages to it are carried out. */
import { expect } from "bun:test";
import { type Markup, xml } from "../../xmpp/xml/xml.ts";
import { amp, reply, whatever } from "../conversation/amp.ts";
import { MANAGED, stage } from "../conversation/stage.ts";
import { echo } from "./echo_destination.ts";

const DOMAIN = "echo.localhost";
const scenario = stage({ destinations: [echo(DOMAIN)] });
const TO = `cave@${DOMAIN}`;
const messagesOnly = { hears: ["message"] } as const;
const message = (id: string, rules?: Markup) =>
  xml`<message to="${TO}" id="${id}" type="chat"><body>Hoo</body>${rules}</message>`;

scenario("a destination takes messages for its domain, and answers them", async ({ romeo }) => {
  await romeo.online(messagesOnly);
  romeo.sends(message("m1"));
  await romeo.receives(xml`<message from="${TO}" id="m1" type="chat"><body>Hoo</body></message>`);
});

scenario("rules are held against its plan and against what became of the message", async ({ romeo }) => {
  await romeo.online(messagesOnly);
  const parties = { domain: DOMAIN, from: romeo.full, to: TO };
  romeo.sends(message("m1", whatever("notify")));
  await romeo.receives(xml`<message from="${TO}" id="m1" type="chat"><body>Hoo</body></message>`);
  await romeo.receives(reply("deliver direct notify", parties)!, { exact: true });
  romeo.sends(message("m2", amp("deliver direct error")));
  await romeo.receives(reply("deliver direct error", { ...parties, id: "m2" })!, { exact: true });
  romeo.sends(message("lost", amp("deliver none alert")));
  await romeo.receives(reply("deliver none alert", { ...parties, id: "lost" })!, { exact: true });
});

scenario("bad rules are refused before it hears of the message", async ({ romeo }) => {
  await romeo.online(messagesOnly);
  romeo.sends(message("m1", amp("deliver sideways notify")));
  await romeo.receives(xml`<message type="error" id="m1"/>`);
});

scenario("an application learns what became of a message to it", { transports: ["websocket"] }, async ({ server }) => {
  const from = server.domain;
  expect(await server.app.send({ from, to: TO, body: "Hoo" })).toEqual({ kind: "direct", resource: "" });
  expect(await server.app.send({ from, to: TO, body: "Hoo", id: "lost" })).toMatchObject({ kind: "none" });
});

scenario("XEP-0198 counts a message to it", { transports: MANAGED }, async ({ romeo }) => {
  await romeo.online({ ...messagesOnly, sm: true });
  romeo.sends(message("m1"));
  await romeo.receives(xml`<message from="${TO}" id="m1" type="chat"><body>Hoo</body></message>`);
  // Roster request, presence, message.
  expect(await romeo.asksForAck()).toBe(3);
});
