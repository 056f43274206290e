/** XEP-0359 and XEP-0313: what is archived, for whom, and how a message is recognised again. */
import { expect } from "bun:test";
import { NS } from "../../xmpp/ns.ts";
import type { Element } from "../../xmpp/xml/element.ts";
import { type Markup, xml } from "../../xmpp/xml/xml.ts";
import { amp } from "../conversation/amp.ts";
import { grants } from "../conversation/befriend.ts";
import type { Device } from "../conversation/device.ts";
import { stage } from "../conversation/stage.ts";

const scenario = stage();

const messagesOnly = { hears: ["message"] } as const;
const chat = (to: string, id: string, content: Markup = xml`<body>${id}</body>`) =>
  xml`<message to="${to}" id="${id}" type="chat">${content}</message>`;
const stanzaIds = (message: Element) => message.childrenNamed("stanza-id", NS.SID);

interface Archived {
  readonly id: string | undefined;
  readonly message: Element;
}

/** All of one's archive, in its order. */
async function archiveOf(device: Device): Promise<Archived[]> {
  const fin = await device.asks(
    xml`<iq type="set"><query xmlns="${NS.MAM}" queryid="q"><set xmlns="${NS.RSM}"><max>200</max></set></query></iq>`,
  );
  expect(fin.child("fin", NS.MAM)?.attr("complete")).toBe("true");
  const results = device.drops().flatMap((stanza) => stanza.child("result", NS.MAM) ?? []);
  return results.map((result) => {
    const forwarded = result.child("forwarded", NS.FORWARD)!;
    expect(forwarded.child("delay", NS.DELAY)?.attr("stamp")).toBeDefined();
    return { id: result.attr("id"), message: forwarded.child("message", NS.CLIENT)! };
  });
}

const bodies = (archive: readonly Archived[]) => archive.map(({ message }) => message.child("body", NS.CLIENT)?.text);

scenario(
  "XEP-0313 5.1.1, XEP-0359: both sides archive a message, and its stanza-id is the recipient's archive id",
  async ({ romeo, juliet }) => {
    await romeo.online();
    await juliet.online();
    romeo.sends(chat(juliet.bare, "m1"));
    const message = await juliet.receives(
      xml`<message id="m1"><stanza-id xmlns="${NS.SID}" id="{any}" by="${juliet.bare}"/></message>`,
    );
    const [received] = await archiveOf(juliet);
    const [sent] = await archiveOf(romeo);
    expect(received?.id).toBe(stanzaIds(message)[0]?.attr("id"));
    for (const archived of [received, sent]) {
      expect(archived?.message.attributes).toMatchObject({ from: romeo.full, to: juliet.bare, id: "m1", type: "chat" });
    }
  },
);

scenario(
  "XEP-0359 5: a stanza-id that the sender has made up for the recipient or for itself does not get through",
  async ({ romeo, juliet }) => {
    await romeo.online();
    await juliet.online();
    const spoofed = [juliet.bare, romeo.bare].map((by) => xml`<stanza-id xmlns="${NS.SID}" id="spoofed" by="${by}"/>`);
    romeo.sends(chat(juliet.bare, "m1", xml`${spoofed}<body>m1</body>`));
    const message = await juliet.receives(xml`<message id="m1"><body>m1</body></message>`);
    expect(stanzaIds(message).map((id) => id.attr("by"))).toEqual([juliet.bare]);
    expect(message.toString()).not.toContain("spoofed");
    for (const device of [romeo, juliet])
      expect(String((await archiveOf(device))[0]?.message)).not.toContain("spoofed");
  },
);

scenario(
  "XEP-0359 5: the same with the message waiting, with the address written in another way, and twice",
  async ({ romeo, juliet }) => {
    await romeo.online();
    const by = juliet.bare.replace("juliet", "JULIET");
    romeo.sends(
      chat(
        juliet.bare,
        "m1",
        xml`<stanza-id xmlns="${NS.SID}" id="spoofed" by="${by}"/><stanza-id xmlns="${NS.SID}" id="spoofed" by="${juliet.bare}"/><body>m1</body>`,
      ),
    );
    await romeo.receivesNothing();
    await juliet.online(messagesOnly);
    const message = await juliet.receives(xml`<message id="m1"><body>m1</body></message>`);
    expect(message.toString()).not.toContain("spoofed");
    expect(stanzaIds(message)).toHaveLength(1);
  },
);

scenario("XEP-0359 5 rule 3: ids of other entities, and origin-id, pass", async ({ romeo, juliet }) => {
  await romeo.online();
  await juliet.online();
  const others = xml`<stanza-id xmlns="${NS.SID}" id="of-the-room" by="verona@chat.example"/><origin-id xmlns="${NS.SID}" id="o1"/>`;
  romeo.sends(chat(juliet.bare, "m1", xml`<body>m1</body>${others}`));
  await juliet.receives(xml`<message id="m1">${others}<stanza-id xmlns="${NS.SID}" by="${juliet.bare}"/></message>`);
});

scenario("XEP-0313 5.1.1: what the archive keeps and what it does not", async ({ romeo, juliet }) => {
  await romeo.online();
  await juliet.online();
  romeo.sends(chat(juliet.bare, "chat"));
  romeo.sends(xml`<message to="${juliet.bare}" id="normal"><body>normal</body></message>`);
  romeo.sends(chat(juliet.full, "state", xml`<composing xmlns="${NS.CHATSTATES}"/>`));
  romeo.sends(xml`<message to="${juliet.bare}" id="headline" type="headline"><body>headline</body></message>`);
  romeo.sends(xml`<message to="${juliet.full}" id="group" type="groupchat"><body>group</body></message>`);
  romeo.sends(chat(juliet.bare, "secret", xml`<body>secret</body><no-store xmlns="${NS.HINTS}"/>`));
  romeo.sends(chat(juliet.bare, "forced", xml`<x xmlns="urn:verona:rose"/><store xmlns="${NS.HINTS}"/>`));
  romeo.sends(chat(juliet.bare, "last"));
  await juliet.ignores();
  for (const device of [romeo, juliet]) {
    expect((await archiveOf(device)).map(({ message }) => message.attr("id"))).toEqual([
      "chat",
      "normal",
      "forced",
      "last",
    ]);
  }
});

scenario("XEP-0313: a message to several devices, or to oneself, is archived once", async ({ romeo, juliet }) => {
  const chamber = juliet.device("chamber");
  await romeo.online(messagesOnly);
  await juliet.online(messagesOnly);
  await chamber.online(messagesOnly);
  romeo.sends(chat(juliet.bare, "m1"));
  const [one, other] = [
    await juliet.receives(xml`<message id="m1"/>`),
    await chamber.receives(xml`<message id="m1"/>`),
  ];
  expect(stanzaIds(one)[0]?.attr("id")).toBe(stanzaIds(other)[0]?.attr("id"));
  expect(bodies(await archiveOf(juliet))).toEqual(["m1"]);
  juliet.sends(chat(juliet.bare, "note"));
  await juliet.ignores();
  await chamber.ignores();
  expect(bodies(await archiveOf(juliet))).toEqual(["m1", "note"]);
});

scenario(
  "XEP-0313: what a blocked or refused message says is in no recipient's archive, and in the sender's",
  async ({ romeo, juliet, paris }) => {
    await romeo.online();
    await juliet.online();
    await juliet.asks(xml`<iq type="set"><block xmlns="${NS.BLOCKING}"><item jid="${romeo.bare}"/></block></iq>`);
    romeo.sends(chat(juliet.bare, "blocked"));
    romeo.sends(chat(paris.bare, "unknown"));
    await romeo.ignores();
    expect(bodies(await archiveOf(juliet))).toEqual([]);
    expect(bodies(await archiveOf(romeo))).toEqual(["blocked", "unknown"]);
  },
);

scenario(
  "XEP-0079, XEP-0313: archived text carries no rules, and an event is not archived",
  async ({ romeo, juliet }) => {
    await romeo.online();
    await juliet.online();
    await grants(juliet, romeo);
    romeo.sends(
      chat(
        juliet.bare,
        "m1",
        xml`<body>m1</body><amp xmlns="${NS.AMP}"><rule condition="deliver" value="direct" action="notify"/></amp>`,
      ),
    );
    await juliet.receives(
      xml`<message id="m1"><amp xmlns="${NS.AMP}" from="${romeo.full}" to="${juliet.bare}"/></message>`,
    );
    await romeo.receives(xml`<message id="m1"><amp xmlns="${NS.AMP}" status="notify"/></message>`);
    for (const device of [romeo, juliet]) {
      const archive = await archiveOf(device);
      expect(bodies(archive)).toEqual(["m1"]);
      expect(archive[0]?.message.child("amp", NS.AMP)).toBeUndefined();
    }
  },
);

scenario(
  "XEP-0079 3.4.2: what a rule drops is in no recipient's archive, and in the sender's",
  async ({ romeo, juliet }) => {
    await romeo.online();
    await juliet.online();
    romeo.sends(
      chat(
        juliet.bare,
        "m1",
        xml`<body>m1</body><amp xmlns="${NS.AMP}"><rule condition="deliver" value="direct" action="drop"/></amp>`,
      ),
    );
    await juliet.receivesNothing();
    expect(bodies(await archiveOf(juliet))).toEqual([]);
    expect(bodies(await archiveOf(romeo))).toEqual(["m1"]);
  },
);

scenario(
  "XEP-0313 6.1: who has read the archive before its initial presence gets no second copy",
  async ({ romeo, juliet }) => {
    await romeo.online();
    for (const id of ["m1", "m2"]) romeo.sends(chat(juliet.bare, id));
    await romeo.receivesNothing();
    await juliet.logsIn(messagesOnly);
    expect(bodies(await archiveOf(juliet))).toEqual(["m1", "m2"]);
    await juliet.becomesAvailable();
    await juliet.receivesNothing();
    romeo.sends(chat(juliet.bare, "m3"));
    await juliet.receives(xml`<message id="m3"/>`);
    await juliet.logsOut();
    await juliet.online(messagesOnly);
    await juliet.receivesNothing();
  },
);

scenario(
  "XEP-0313 6.1: nor of a message whose rules have had their say when it was stored, whose deadline does not come",
  async ({ romeo, juliet }) => {
    await juliet.online(messagesOnly);
    await romeo.online(messagesOnly);
    await grants(juliet, romeo);
    await juliet.logsOut();
    const rules = amp("expire-at 2099-01-01T00:00:00Z drop", "deliver stored notify");
    romeo.sends(chat(juliet.bare, "m1", xml`<body>m1</body>${rules}`));
    await romeo.receives(xml`<message id="m1"><amp xmlns="${NS.AMP}" status="notify"/></message>`);
    await juliet.logsIn(messagesOnly);
    expect(bodies(await archiveOf(juliet))).toEqual(["m1"]);
    await juliet.becomesAvailable();
    await juliet.receivesNothing();
    await juliet.logsOut();
    await juliet.online(messagesOnly);
    await juliet.receivesNothing();
  },
);

scenario(
  "XEP-0313 6.1: what comes between the archive query and initial presence is not lost",
  async ({ romeo, juliet }) => {
    await romeo.online();
    romeo.sends(chat(juliet.bare, "m1"));
    await romeo.receivesNothing();
    await juliet.logsIn(messagesOnly);
    expect(bodies(await archiveOf(juliet))).toEqual(["m1"]);
    romeo.sends(chat(juliet.bare, "m2"));
    await romeo.receivesNothing();
    await juliet.becomesAvailable();
    await juliet.receives(xml`<message id="m2"><body>m2</body></message>`);
    await juliet.receivesNothing();
  },
);

scenario("XEP-0313 4.1: nobody reads the archive of somebody else", async ({ romeo, juliet, nurse }) => {
  await romeo.online();
  romeo.sends(chat(juliet.bare, "m1"));
  await romeo.receivesNothing();
  await nurse.online();
  const answer = await nurse.asks(xml`<iq type="set" to="${juliet.bare}"><query xmlns="${NS.MAM}"/></iq>`);
  expect(answer.attr("type")).toBe("error");
  await nurse.receivesNothing();
});

scenario(
  "XEP-0313 3.1: what is not in the archive bears no archive id: an event, a message that must not be kept",
  async ({ romeo, juliet, server }) => {
    await romeo.online();
    await juliet.online();
    await grants(juliet, romeo);
    romeo.sends(
      chat(
        juliet.bare,
        "m1",
        xml`<body>m1</body><amp xmlns="${NS.AMP}"><rule condition="deliver" value="direct" action="notify"/></amp>`,
      ),
    );
    await juliet.receives(xml`<message id="m1"/>`);
    const event = await romeo.receives(xml`<message id="m1"><amp xmlns="${NS.AMP}" status="notify"/></message>`);
    romeo.sends(chat(juliet.bare, "m2", xml`<body>m2</body><no-permanent-store xmlns="${NS.HINTS}"/>`));
    const unkept = await juliet.receives(xml`<message id="m2"/>`);
    // The server's own id tells a copy that comes again from a new message.
    const givers = [event, unkept].flatMap(stanzaIds).map((id) => id.attr("by"));
    expect(givers).toEqual([server.domain, server.domain]);
  },
);
