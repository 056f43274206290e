/** The slips of other servers, one by one: what must not happen here. */
import { expect } from "bun:test";
import { formatDateTime } from "../../xmpp/date_time.ts";
import { NS } from "../../xmpp/ns.ts";
import { type Markup, xml } from "../../xmpp/xml/xml.ts";
import { amp, failure, notice, type Parties, rule } from "../conversation/amp.ts";
import { grants } from "../conversation/befriend.ts";
import type { Cast } from "../conversation/cast.ts";
import { stage } from "../conversation/stage.ts";

const scenario = stage();
const onDisk = stage({ onDisk: true });

const messagesOnly = { hears: ["message"] } as const;
const message = (to: string, rules: Markup, id = "m1") =>
  xml`<message to="${to}" id="${id}" type="chat"><body>A secret</body>${rules}</message>`;
const delivered = xml`<message id="m1"><body>A secret</body></message>`;

/** Juliet lets Romeo see her presence. */
async function friends({ romeo, juliet, server }: Cast): Promise<Parties> {
  await romeo.online(messagesOnly);
  await juliet.online(messagesOnly);
  await grants(juliet, romeo);
  return { domain: server.domain, from: romeo.full, to: juliet.bare };
}

scenario("Slip: the stream feature in the namespace http://jabber.org/feature/amp", async ({ romeo }) => {
  await romeo.logsIn();
  const [feature, ...more] = romeo.features!.elements.filter(({ name }) => name === "amp");
  expect(feature?.ns).toBe("http://jabber.org/features/amp");
  expect(more).toEqual([]);
});

scenario("Slip: failed-rules in the namespace of amp", async (cast) => {
  const { romeo, juliet } = cast;
  const parties = await friends(cast);
  romeo.sends(message(juliet.bare, amp("deliver direct error")));
  const error = await romeo.receives(failure("deliver direct error", parties), { exact: true });
  const [failed] = error.child("error", NS.CLIENT)!.elements.filter(({ name }) => name === "failed-rules");
  expect(failed?.ns).toBe("http://jabber.org/protocol/amp#errors");
});

scenario("Slip: <amp/> is matched by its name alone", async (cast) => {
  const { romeo, juliet } = cast;
  await friends(cast);
  const foreign = xml`<amp xmlns="urn:verona:amplifier">${xml`<rule action="drop" condition="deliver" value="direct"/>`}</amp>`;
  romeo.sends(message(juliet.bare, foreign));
  await juliet.receives(xml`<message id="m1"><body>A secret</body>${foreign}</message>`);
  await romeo.receivesNothing();
});

scenario("Slip: an id is made up for a message without one", async (cast) => {
  const { romeo, juliet } = cast;
  await friends(cast);
  romeo.sends(
    xml`<message to="${juliet.bare}" type="chat"><body>A secret</body>${amp("deliver direct notify")}</message>`,
  );
  const error = await romeo.receives(
    xml`<message type="error"><error type="modify"><bad-request xmlns="${NS.STANZAS}"/></error></message>`,
  );
  expect(error.attr("id") ?? "").toBe("");
  await juliet.receivesNothing();
});

scenario("Slip: only the first unsupported rule is named", async (cast) => {
  const { romeo, juliet } = cast;
  await friends(cast);
  const rules = ["deliver direct sing", "deliver stored dance", "match-resource any weep"];
  romeo.sends(message(juliet.bare, amp(...rules)));
  const error = await romeo.receives(
    xml`<message type="error"><error><unsupported-actions xmlns="${NS.AMP}">${rules.map(rule)}</unsupported-actions></error></message>`,
  );
  expect(error.child("amp", NS.AMP)?.elements).toHaveLength(3);
});

scenario(
  "Slip: presence rights are checked only when a rule is met, so that the refusal itself tells",
  async ({ romeo, juliet, nurse, paris }) => {
    await romeo.online(messagesOnly);
    await juliet.online(messagesOnly);
    const answers: string[] = [];
    // To the first it would be met, to the others not.
    for (const to of [juliet.bare, nurse.bare, paris.bare]) {
      romeo.sends(message(to, amp("deliver direct notify")));
      answers.push((await romeo.ignores()).join(""));
    }
    expect(answers[0]).toContain("not-acceptable");
    expect(new Set(answers).size).toBe(1);
    await juliet.receivesNothing();
  },
);

scenario("Slip: direct is reported at the socket write", async (cast) => {
  const { romeo, juliet } = cast;
  await friends(cast);
  juliet.freezes();
  romeo.sends(message(juliet.bare, amp("deliver direct notify")));
  await romeo.receivesNothing();
});

scenario("Slip: one notification for each resource", async (cast) => {
  const { romeo, juliet } = cast;
  const chamber = juliet.device("chamber");
  const parties = await friends(cast);
  await chamber.online(messagesOnly);
  romeo.sends(message(juliet.bare, amp("deliver direct notify")));
  await juliet.receives(delivered);
  await chamber.receives(delivered);
  await romeo.hasReceived([notice("deliver direct notify", parties)], { exact: true });
});

onDisk("Slip: the stored row is deleted before its expiry event is sent: the server stops in between", async (cast) => {
  const { romeo, juliet, server } = cast;
  await friends(cast);
  await juliet.logsOut();
  await romeo.ignores();
  const at = formatDateTime(Date.now() + 600);
  romeo.sends(message(juliet.bare, amp(`expire-at ${at} alert`)));
  await romeo.receivesNothing();
  await romeo.logsOut();
  await server.restart(600);
  // Fired at the start, with nobody there to get it; and again a stop.
  await server.commits();
  await server.restart();
  await romeo.online(messagesOnly);
  await romeo.receives(
    xml`<message id="m1"><amp xmlns="${NS.AMP}" status="alert" to="${juliet.bare}">${rule(`expire-at ${at} alert`)}</amp></message>`,
  );
  await romeo.receivesNothing();
  await juliet.online(messagesOnly);
  await juliet.receivesNothing();
});

scenario("Slip: a message expires that has been delivered meanwhile", async (cast) => {
  const { romeo, juliet, server, nurse } = cast;
  await friends(cast);
  await nurse.online(messagesOnly);
  await grants(nurse, romeo);
  await nurse.logsOut();
  await juliet.logsOut();
  await romeo.ignores();
  const at = formatDateTime(Date.now() + 600);
  romeo.sends(message(juliet.bare, amp(`expire-at ${at} error`)));
  await romeo.receivesNothing();
  await juliet.online(messagesOnly);
  await juliet.receives(delivered);
  await juliet.receivesNothing();
  const sentinel = `expire-at ${at} alert`;
  romeo.sends(message(nurse.bare, amp(sentinel), "sentinel"));
  await romeo.receives(notice(sentinel, { domain: server.domain, from: romeo.full, to: nurse.bare, id: "sentinel" }));
  await romeo.receivesNothing();
});

for (const action of ["notify", "alert", "error"]) {
  scenario(`Slip: the text of the message is copied into the answer (${action})`, async (cast) => {
    const { romeo, juliet } = cast;
    await friends(cast);
    romeo.sends(message(juliet.bare, amp(`deliver direct ${action}`)));
    const event = await romeo.receives(xml`<message id="m1"><amp xmlns="${NS.AMP}" status="${action}"/></message>`);
    expect(event.toString()).not.toContain("secret");
    await juliet.ignores();
  });
}

scenario("Slip: a rule that is fired again: what was reported as stored is not reported as direct", async (cast) => {
  const { romeo, juliet } = cast;
  const parties = await friends(cast);
  await juliet.logsOut();
  await romeo.ignores();
  romeo.sends(message(juliet.bare, amp("deliver stored notify", "deliver direct notify")));
  await romeo.hasReceived([notice("deliver stored notify", parties)]);
  await juliet.online(messagesOnly);
  await juliet.receives(delivered);
  await romeo.receivesNothing();
});
