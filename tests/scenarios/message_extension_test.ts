/** A message extension of an application's own (storage_stamp.ts) is added by one line, with nothing else touched. */
import { expect } from "bun:test";
import { modules } from "../../mod.ts";
import { NS } from "../../xmpp/ns.ts";
import { type Markup, xml } from "../../xmpp/xml/xml.ts";
import { amp, reply } from "../conversation/amp.ts";
import { stage } from "../conversation/stage.ts";
import { STAMP, storageStamp } from "./storage_stamp.ts";

const scenario = stage({ modules: [...modules, storageStamp], amp: { presencePolicy: "open" } });
const messagesOnly = { hears: ["message"] } as const;
const message = (to: string, id: string, more?: Markup) =>
  xml`<message to="${to}" id="${id}" type="chat"><body>${id}</body>${more}</message>`;
const TELL = xml`<tell xmlns="${STAMP}"/>`;
const SECRET = xml`<secret xmlns="${STAMP}"/>`;
const outcome = (id: string, kind: string) =>
  xml`<message id="${id}"><outcome xmlns="${STAMP}" kind="${kind}"/></message>`;
const refused = (id: string) =>
  xml`<message type="error" id="${id}"><error><policy-violation xmlns="${NS.STANZAS}"/></error></message>`;

scenario("a message that was stored has the extension's element, another has not", async ({ romeo, juliet }) => {
  await romeo.online(messagesOnly);
  romeo.sends(message(juliet.bare, "m1"));
  await romeo.receivesNothing();
  await juliet.online(messagesOnly);
  const stored = await juliet.receives(
    xml`<message id="m1"><body>m1</body><delay xmlns="${NS.DELAY}"/><kept xmlns="${STAMP}" for="${juliet.bare}"/></message>`,
  );
  expect(stored.child("kept", STAMP)?.attr("id")).toBe(stored.child("stanza-id", NS.SID)?.attr("id"));
  romeo.sends(message(juliet.bare, "m2"));
  const direct = await juliet.receives(xml`<message id="m2"><body>m2</body></message>`);
  expect(direct.child("kept", STAMP)).toBeUndefined();
});

scenario("what it refuses goes no further, and rules are held against that", async ({ romeo, juliet, server }) => {
  await romeo.online(messagesOnly);
  const tablet = romeo.device("tablet");
  await tablet.online({ ...messagesOnly, carbons: true });
  await juliet.online(messagesOnly);
  romeo.sends(message(juliet.bare, "m1", SECRET));
  await romeo.receives(refused("m1"));
  const parties = { domain: server.domain, from: romeo.full, to: juliet.bare, id: "m2" };
  romeo.sends(message(juliet.bare, "m2", xml`${SECRET}${amp("deliver none alert")}`));
  await romeo.receives(reply("deliver none alert", parties)!, { exact: true });
  await juliet.receivesNothing();
  await tablet.receivesNothing();
});

scenario("it learns each outcome: stored, then received", async ({ romeo, juliet }) => {
  await romeo.online(messagesOnly);
  romeo.sends(message(juliet.bare, "m1", TELL));
  await romeo.receives(outcome("m1", "stored"));
  await juliet.online(messagesOnly);
  await juliet.receives(xml`<message id="m1"><tell xmlns="${STAMP}"/></message>`);
  await romeo.receives(outcome("m1", "direct"));
  romeo.sends(message(juliet.bare, "m2", TELL));
  await juliet.receives(xml`<message id="m2"/>`);
  await romeo.receives(outcome("m2", "direct"));
});

scenario("its fault is its own: it is logged, and the message goes on", async ({ romeo, juliet, expectsLogged }) => {
  await romeo.online(messagesOnly);
  await juliet.online(messagesOnly);
  expectsLogged("message phase failed");
  romeo.sends(message(juliet.bare, "faulty"));
  await juliet.receives(xml`<message id="faulty"><body>faulty</body></message>`);
});
