/** XEP-0280: all devices of a user see the whole conversation. */
import { expect } from "bun:test";
import { NS } from "../../xmpp/ns.ts";
import { type Markup, xml } from "../../xmpp/xml/xml.ts";
import { grants } from "../conversation/befriend.ts";
import type { Device } from "../conversation/device.ts";
import { stage } from "../conversation/stage.ts";

const scenario = stage();

const copies = { hears: ["message"], carbons: true } as const;
const plain = { hears: ["message"] } as const;
const chat = (to: string, content: Markup = xml`<body>Hi</body>`, id = "m1", type = "chat") =>
  xml`<message to="${to}" id="${id}" type="${type}">${content}</message>`;

function carbon(direction: "sent" | "received", device: Device, message: Markup): Markup {
  const forwarded = xml`<forwarded xmlns="${NS.FORWARD}">${message}</forwarded>`;
  const content =
    direction === "sent"
      ? xml`<sent xmlns="${NS.CARBONS}">${forwarded}</sent>`
      : xml`<received xmlns="${NS.CARBONS}">${forwarded}</received>`;
  return xml`<message from="${device.bare}" to="${device.full}" type="chat">${content}</message>`;
}

scenario("XEP-0280 7: what one device gets by its full JID the others get as a copy", async ({ romeo, juliet }) => {
  const chamber = juliet.device("chamber");
  const garden = juliet.device("garden");
  await romeo.online();
  await juliet.online(copies);
  await chamber.online(copies);
  await garden.online(plain);
  romeo.sends(chat(juliet.full));
  await juliet.receives(xml`<message from="${romeo.full}" to="${juliet.full}" id="m1"><body>Hi</body></message>`);
  await chamber.receives(
    carbon(
      "received",
      chamber,
      xml`<message xmlns="${NS.CLIENT}" from="${romeo.full}" to="${juliet.full}" id="m1" type="chat"><body>Hi</body></message>`,
    ),
  );
  await juliet.receivesNothing();
  await chamber.receivesNothing();
  await garden.receivesNothing();
});

scenario("XEP-0280 8: what one device sends the others get as a copy", async ({ romeo, juliet }) => {
  const street = romeo.device("street");
  await romeo.online(copies);
  await street.online(copies);
  await juliet.online();
  romeo.sends(chat(juliet.bare));
  await street.receives(
    carbon(
      "sent",
      street,
      xml`<message xmlns="${NS.CLIENT}" from="${romeo.full}" to="${juliet.bare}" id="m1" type="chat"><body>Hi</body></message>`,
    ),
  );
  await juliet.receives(xml`<message from="${romeo.full}" id="m1"/>`);
  await romeo.receivesNothing();
});

scenario(
  "XEP-0280 7: a device that gets the message itself gets no copy; one of negative priority gets one",
  async ({ romeo, juliet }) => {
    const chamber = juliet.device("chamber");
    const garden = juliet.device("garden");
    await romeo.online();
    await juliet.online(copies);
    await chamber.online(copies);
    await garden.online({ ...copies, priority: -1 });
    romeo.sends(chat(juliet.bare));
    for (const device of [juliet, chamber])
      await device.receives(xml`<message from="${romeo.full}" to="${juliet.bare}" id="m1"><body>Hi</body></message>`);
    await garden.receives(carbon("received", garden, xml`<message xmlns="${NS.CLIENT}" id="m1"/>`));
    for (const device of [juliet, chamber, garden]) await device.receivesNothing();
  },
);

scenario(
  "XEP-0280 4, 5, 10.1: copies come from enable to disable; both may be said again; nothing of it outlives the session",
  async ({ romeo, juliet }) => {
    const chamber = juliet.device("chamber");
    await romeo.online();
    await juliet.online(plain);
    await chamber.online(plain);
    const says = async (what: Markup, heard: boolean) => {
      for (let time = 0; time < 2; time++)
        expect((await chamber.asks(xml`<iq type="set">${what}</iq>`)).attr("type")).toBe("result");
      romeo.sends(chat(juliet.full));
      await juliet.receives(xml`<message id="m1"/>`);
      if (heard) await chamber.receives(carbon("received", chamber, xml`<message xmlns="${NS.CLIENT}" id="m1"/>`));
      await chamber.receivesNothing();
    };
    await says(xml`<enable xmlns="${NS.CARBONS}"/>`, true);
    await says(xml`<disable xmlns="${NS.CARBONS}"/>`, false);
    await chamber.asks(xml`<iq type="set"><enable xmlns="${NS.CARBONS}"/></iq>`);
    await chamber.logsOut();
    await chamber.online(plain);
    romeo.sends(chat(juliet.full));
    await juliet.receives(xml`<message id="m1"/>`);
    await chamber.receivesNothing();
  },
);

for (const [what, type, content, copied] of [
  ["a chat state", "chat", xml`<composing xmlns="${NS.CHATSTATES}"/>`, true],
  ["a normal message with a body", "normal", xml`<body>Hi</body>`, true],
  ["a receipt in a normal message", "normal", xml`<received xmlns="${NS.RECEIPTS}" id="x"/>`, true],
  ["a normal message without a body", "normal", xml`<x xmlns="urn:verona:rose"/>`, false],
  ["a headline", "headline", xml`<body>Hi</body>`, false],
  ["a groupchat message", "groupchat", xml`<body>Hi</body>`, false],
  [
    "a private message",
    "chat",
    xml`<body>Hi</body><private xmlns="${NS.CARBONS}"/><no-copy xmlns="${NS.HINTS}"/>`,
    false,
  ],
  ["one with the hint no-copy", "chat", xml`<body>Hi</body><no-copy xmlns="${NS.HINTS}"/>`, false],
] as const) {
  scenario(`XEP-0280 6: ${what} is ${copied ? "" : "not "}copied, on either side`, async ({ romeo, juliet }) => {
    const street = romeo.device("street");
    const chamber = juliet.device("chamber");
    await romeo.online(copies);
    await street.online(copies);
    await juliet.online(copies);
    await chamber.online(copies);
    romeo.sends(chat(juliet.full, content, "m1", type));
    await juliet.receives(xml`<message from="${romeo.full}" id="m1" type="${type}">${content}</message>`);
    if (copied) {
      await street.receives(xml`<message><sent xmlns="${NS.CARBONS}"/></message>`);
      await chamber.receives(xml`<message><received xmlns="${NS.CARBONS}"/></message>`);
    }
    for (const device of [romeo, street, juliet, chamber]) await device.receivesNothing();
  });
}

scenario(
  "XEP-0280 11: a copy that somebody else has made up is no more than any message of theirs",
  async ({ romeo, juliet, nurse }) => {
    await nurse.online();
    await juliet.online(copies);
    const forged = xml`<received xmlns="${NS.CARBONS}"><forwarded xmlns="${NS.FORWARD}"><message xmlns="${NS.CLIENT}" from="${romeo.full}" to="${juliet.full}"><body>Forged</body></message></forwarded></received>`;
    nurse.sends(chat(juliet.full, forged));
    const message = await juliet.receives(xml`<message id="m1"/>`);
    expect(message.attr("from")).toBe(nurse.full);
  },
);

scenario(
  "XEP-0079, XEP-0280: copies carry no rules and never count as direct; events are not copied",
  async ({ romeo, juliet }) => {
    const street = romeo.device("street");
    const chamber = juliet.device("chamber");
    await romeo.online(copies);
    await street.online(copies);
    await juliet.online();
    await grants(juliet, romeo);
    await juliet.logsOut();
    await chamber.online({ ...copies, priority: -1 });
    await romeo.drops();
    await street.drops();
    const rules = xml`<amp xmlns="${NS.AMP}"><rule condition="deliver" value="direct" action="notify"/><rule condition="deliver" value="stored" action="notify"/></amp>`;
    romeo.sends(chat(juliet.bare, xml`<body>Hi</body>${rules}`));
    const copy = await street.receives(
      xml`<message><sent xmlns="${NS.CARBONS}"><forwarded xmlns="${NS.FORWARD}"><message xmlns="${NS.CLIENT}" id="m1"/></forwarded></sent></message>`,
    );
    expect(copy.toString()).not.toContain(NS.AMP);
    await romeo.receives(
      xml`<message id="m1"><amp xmlns="${NS.AMP}" status="notify"><rule condition="deliver" value="stored" action="notify"/></amp></message>`,
    );
    await romeo.receivesNothing();
    await street.receivesNothing();
    await chamber.receivesNothing();
  },
);

scenario("XEP-0079 3.4.2: of what a rule drops no device of the recipient sees a copy", async ({ romeo, juliet }) => {
  const chamber = juliet.device("chamber");
  await romeo.online();
  await juliet.online(copies);
  await chamber.online(copies);
  romeo.sends(
    chat(
      juliet.full,
      xml`<body>Hi</body><amp xmlns="${NS.AMP}"><rule condition="deliver" value="direct" action="drop"/></amp>`,
    ),
  );
  await juliet.receivesNothing();
  await chamber.receivesNothing();
});

scenario(
  "XEP-0313 3.1: the message in a copy bears the id that it has in the user's own archive",
  async ({ romeo, juliet }) => {
    const street = romeo.device("street");
    const chamber = juliet.device("chamber");
    await romeo.online(copies);
    await street.online(copies);
    await juliet.online(copies);
    await chamber.online(copies);
    romeo.sends(chat(juliet.full));
    const message = await juliet.receives(xml`<message id="m1"/>`);
    const id = message.child("stanza-id", NS.SID)?.attr("id");
    const copy = (device: Device) =>
      xml`<message xmlns="${NS.CLIENT}" id="m1"><stanza-id xmlns="${NS.SID}" by="${device.bare}" id="${device === chamber ? id : "{any}"}"/></message>`;
    await chamber.receives(carbon("received", chamber, copy(chamber)));
    await street.receives(carbon("sent", street, copy(street)));
  },
);

scenario("XEP-0280 8: a message to oneself comes to each other device once", async ({ romeo }) => {
  const street = romeo.device("street");
  const garden = romeo.device("garden");
  await romeo.online(copies);
  await street.online(copies);
  await garden.online(copies);
  romeo.sends(chat(romeo.bare));
  for (const device of [romeo, street, garden]) {
    await device.receives(xml`<message from="${romeo.full}" to="${romeo.bare}" id="m1"><body>Hi</body></message>`);
    await device.receivesNothing();
  }
  romeo.sends(chat(street.full, undefined, "m2"));
  await street.receives(xml`<message from="${romeo.full}" to="${street.full}" id="m2"><body>Hi</body></message>`);
  const message = xml`<message xmlns="${NS.CLIENT}" from="${romeo.full}" to="${street.full}" id="m2" type="chat"><body>Hi</body></message>`;
  await garden.receives(carbon("received", garden, message));
  for (const device of [romeo, street, garden]) await device.receivesNothing();
});
