/** RFC 6120 4.9.3.20 and the promise of durability: the server stops in order, and starts again where it was. */
import { expect } from "bun:test";
import { NS } from "../../xmpp/ns.ts";
import { xml } from "../../xmpp/xml/xml.ts";
import { befriend } from "../conversation/befriend.ts";
import { MANAGED, stage } from "../conversation/stage.ts";

const scenario = stage({ onDisk: true });

const messagesOnly = { hears: ["message"] } as const;

scenario("4.9.3.20: every stream ends with system-shutdown", async ({ romeo, juliet, tybalt, server }) => {
  await tybalt.connects();
  await romeo.online();
  await juliet.logsIn();
  await server.restart();
  for (const device of [romeo, juliet, tybalt]) await device.isThrownOut("system-shutdown");
  await romeo.online();
});

scenario(
  "Rosters, subscriptions, requests, block lists and passwords outlive a restart",
  async ({ romeo, juliet, nurse, server }) => {
    await romeo.online();
    await juliet.online();
    await befriend(romeo, juliet);
    await nurse.online();
    nurse.sends(xml`<presence to="${juliet.bare}" type="subscribe"/>`);
    await juliet.receives(xml`<presence type="subscribe" from="${nurse.bare}"/>`);
    await nurse.ignores();
    await juliet.asks(xml`<iq type="set"><block xmlns="${NS.BLOCKING}"><item jid="verona.example"/></block></iq>`);
    const version = (await juliet.asks(xml`<iq type="get"><query xmlns="${NS.ROSTER}"/></iq>`))
      .child("query", NS.ROSTER)
      ?.attr("ver");
    await server.restart();
    for (const device of [romeo, juliet, nurse]) {
      await device.isDisconnected();
      device.drops();
    }
    await romeo.online();
    await juliet.online();
    expect(juliet.roster?.child("query", NS.ROSTER)?.attr("ver")).toBe(version);
    await juliet.receivesAll(
      xml`<presence from="${romeo.full}"/>`,
      xml`<presence type="subscribe" from="${nurse.bare}"/>`,
    );
    await romeo.receives(xml`<presence from="${juliet.full}"/>`);
    const list = await juliet.asks(xml`<iq type="get"><blocklist xmlns="${NS.BLOCKING}"/></iq>`);
    expect(list.child("blocklist", NS.BLOCKING)?.elements.map((item) => item.attr("jid"))).toEqual(["verona.example"]);
  },
);

scenario(
  "A message that was accepted, and not proved, is delivered after a restart",
  async ({ romeo, juliet, server }) => {
    await romeo.online(messagesOnly);
    await juliet.online(messagesOnly);
    juliet.freezes();
    for (const id of ["m1", "m2", "m3"])
      romeo.sends(xml`<message to="${juliet.full}" id="${id}" type="chat"><body>${id}</body></message>`);
    await romeo.receivesNothing();
    juliet.cuts();
    await server.restart();
    await romeo.isThrownOut("system-shutdown");
    await juliet.online(messagesOnly);
    for (const id of ["m1", "m2", "m3"]) await juliet.receives(xml`<message id="${id}"><body>${id}</body></message>`);
    await juliet.receivesNothing();
  },
);

scenario(
  "XEP-0198 5: after a restart <failed/> tells the h that was acknowledged, so that nothing is sent twice",
  { transports: MANAGED },
  async ({ romeo, juliet, server }) => {
    await romeo.online({ ...messagesOnly, sm: true });
    for (const id of ["m1", "m2"])
      romeo.sends(xml`<message to="${juliet.bare}" id="${id}" type="chat"><body>${id}</body></message>`);
    const h = await romeo.asksForAck();
    romeo.cuts();
    await server.restart();
    const answer = await romeo.triesToResume();
    expect(answer.name).toBe("failed");
    expect(answer.attr("h")).toBe(String(h));
    await romeo.binds();
    await juliet.online(messagesOnly);
    for (const id of ["m1", "m2"]) await juliet.receives(xml`<message id="${id}"><body>${id}</body></message>`);
    await juliet.receivesNothing();
  },
);
