/** The sender's side: its own archive row, its own copies, and what it refuses before a message goes to its recipient. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { StoreFault } from "../../../store/store.ts";
import { NS } from "../../../xmpp/ns.ts";
import { xml } from "../../../xmpp/xml/xml.ts";
import { DeliveryStage, JULIET } from "./delivery_stage.ts";
import type { FakeSession } from "./fake_session.ts";

let stage: DeliveryStage;
let balcony: FakeSession;
beforeEach(async () => {
  stage = await DeliveryStage.create({ archive: true });
  balcony = stage.arrives("balcony");
});
afterEach(() => expect(stage.errors).toEqual([]));

describe("A message that an account sends", () => {
  test("is answered for by the sender's side when its own archive has it, and not before", async () => {
    stage.store.isHeld = true;
    const sent = stage.writes("m1", balcony);
    await stage.commits();
    expect([sent.accepted, stage.dispatched.length]).toEqual([0, 1]);
    stage.store.release();
    await stage.commits();
    expect(sent.accepted).toBe(1);
    expect(await stage.archived(JULIET)).toEqual(["m1"]);
  });

  test.each([
    ["no archive is to keep it", { archivePreferences: { default: "never", always: [], never: [] } } as const],
    ["the account is not kept", { persistent: false }],
  ])("is answered for at once where %s", async (_, profile) => {
    stage.tellsProfile(profile);
    stage.store.isHeld = true;
    const sent = stage.writes("m1", balcony);
    expect([sent.accepted, stage.dispatched.length]).toEqual([1, 1]);
    stage.store.release();
    expect(await stage.archived(JULIET)).toEqual([]);
  });

  test("is answered for where the archive cannot keep it: its recipient's side says what became of it", async () => {
    stage.store.fault = new StoreFault("full", "Cannot commit: no space");
    const sent = stage.writes("m1", balcony);
    await stage.commits();
    expect([sent.accepted, stage.dispatched.length]).toEqual([1, 1]);
    stage.store.fault = undefined;
    stage.errors.length = 0;
  });

  test("is kept without its rules, and goes on with them", async () => {
    const amp = xml`<amp xmlns="${NS.AMP}"><rule action="drop" condition="deliver" value="none"/></amp>`;
    stage.writes("m1", balcony, { content: xml`<body>m1</body>${amp}` });
    await stage.commits();
    const [row] = await stage.rows(JULIET);
    expect(row).not.toContain("<amp");
    expect(stage.dispatched[0]!.stanza.has("amp", NS.AMP)).toBe(true);
  });

  test("is copied to the other resources under the id of the sender's own archive", async () => {
    const chamber = stage.arrives("chamber", { carbons: true });
    stage.writes("m1", balcony);
    expect(chamber.given.map(String).join()).toMatch(/<sent .*<stanza-id [^>]*id="id-\d+" by="juliet@localhost"/);
    expect(balcony.given).toEqual([]);
    await stage.commits();
  });

  test("to a blocked contact is refused, and both sides are done with it", () => {
    stage.tellsProfile({ blocked: new Set(["romeo@localhost"]) });
    const sent = stage.writes("m1", balcony);
    expect([sent.accepted, stage.dispatched.length]).toEqual([2, 0]);
    expect(balcony.given.map(String).join()).toContain("not-acceptable");
  });

  test("to oneself is left to the recipient's side, so that one row holds it", async () => {
    const sent = stage.writes("m1", balcony, { to: JULIET });
    await stage.commits();
    expect([sent.accepted, await stage.archived(JULIET)]).toEqual([1, []]);
  });
});
