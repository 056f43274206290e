/** The end of an account: what was under way to it is not called stored, and whoever gets the name inherits nothing. */
import { expect } from "bun:test";
import { NS } from "../../xmpp/ns.ts";
import { xml } from "../../xmpp/xml/xml.ts";
import { amp, notice } from "../conversation/amp.ts";
import { befriend } from "../conversation/befriend.ts";
import { MANAGED, stage } from "../conversation/stage.ts";

const scenario = stage({ amp: { presencePolicy: "open" } });
/** On BOSH, who gives no proof gets no end of the stream either. */
const UNPROVED = { transports: MANAGED };
const RULES = ["deliver none notify", "deliver stored notify", "deliver direct notify"] as const;

scenario("a message that is not proved when its receiver's account goes is not stored", UNPROVED, async (cast) => {
  const { romeo, juliet, server } = cast;
  await romeo.online({ hears: ["message"] });
  await juliet.online({ hears: ["message"] });
  juliet.withholdsProof();
  romeo.sends(xml`<message to="${juliet.bare}" id="m1" type="chat"><body>hi</body>${amp(...RULES)}</message>`);
  await juliet.receives(xml`<message id="m1"/>`);
  await server.app.accounts.remove(juliet.bare);
  await juliet.isThrownOut("not-authorized");
  await romeo.receivesAll(
    xml`<message type="error" id="m1"><error><service-unavailable xmlns="${NS.STANZAS}"/></error></message>`,
    notice(RULES[0], { domain: server.domain, from: romeo.full, to: juliet.bare }),
  );
  await romeo.receivesNothing();
});

scenario("an account that the application removes leaves no subscription behind", async ({ romeo, juliet, server }) => {
  await romeo.online();
  await juliet.online({ hears: ["message"] });
  await befriend(romeo, juliet);
  await server.app.accounts.remove(juliet.bare);
  await juliet.isThrownOut("not-authorized");
  await romeo.ignores();
  const roster = await romeo.asks(xml`<iq type="get"><query xmlns="${NS.ROSTER}"/></iq>`);
  expect(roster.child("query", NS.ROSTER)?.elements.map((item) => item.attr("subscription"))).toEqual(["none"]);
  await server.addAccounts([juliet.bare]);
  await juliet.online();
  await juliet.receivesNothing();
});
