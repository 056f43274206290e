/** XEP-0313: an archive answer holds what its client sent before it asked, however slow the store is. */
import { expect } from "bun:test";
import { NS } from "../../xmpp/ns.ts";
import { type Markup, xml } from "../../xmpp/xml/xml.ts";
import type { Device } from "../conversation/device.ts";
import { SlowStore } from "../conversation/slow_store.ts";
import { stage } from "../conversation/stage.ts";

const scenario = stage({ wrapStore: (store) => new SlowStore(store, 20) });

/** To accounts that are not there, and that the server has not read yet. */
function sendsToOthers(sender: Device, others: readonly Device[]): void {
  for (const { bare } of others)
    sender.sends(xml`<message to="${bare}" type="chat"><body>for ${bare}</body></message>`);
}

const asksArchive = (device: Device, request: Markup) => device.asks(xml`<iq type="set">${request}</iq>`);

scenario("XEP-0313 4: a query sees what was sent before it", async ({ romeo, juliet, nurse, benvolio }) => {
  await romeo.online();
  sendsToOthers(romeo, [juliet, nurse, benvolio]);
  const fin = await asksArchive(romeo, xml`<query xmlns="${NS.MAM}"/>`);
  expect(fin.child("fin", NS.MAM)?.child("set", NS.RSM)?.child("count", NS.RSM)?.text).toBe("3");
  expect(romeo.drops()).toHaveLength(3);
});

scenario("XEP-0313 5: so does the metadata", async ({ romeo, juliet, nurse }) => {
  await romeo.online();
  sendsToOthers(romeo, [juliet, nurse]);
  const answer = await romeo.asks(xml`<iq type="get"><metadata xmlns="${NS.MAM}"/></iq>`);
  const bounds = answer.child("metadata", NS.MAM)?.elements.map(({ name }) => name);
  expect(bounds).toEqual(["start", "end"]);
});

scenario("XEP-0313 4: a query sees what the account has sent to itself", async ({ romeo }) => {
  await romeo.online({ presence: false });
  sendsToOthers(romeo, [romeo]);
  const fin = await asksArchive(romeo, xml`<query xmlns="${NS.MAM}"/>`);
  expect(fin.child("fin", NS.MAM)?.child("set", NS.RSM)?.child("count", NS.RSM)?.text).toBe("1");
  romeo.drops();
});
