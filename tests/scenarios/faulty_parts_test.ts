/** A destination or a module that is at fault harms the stanza that it was given, and nothing else. */
import { expect } from "bun:test";
import type { Destination, DestinationContext } from "../../mod.ts";
import type { MessagePhases } from "../../modules/message_phases.ts";
import { modules } from "../../modules/mod.ts";
import type { ServerModule } from "../../modules/module.ts";
import { NS } from "../../xmpp/ns.ts";
import { Stanza } from "../../xmpp/stanza.ts";
import { xml } from "../../xmpp/xml/xml.ts";
import { MANAGED, stage } from "../conversation/stage.ts";

let context: DestinationContext;

function broken(domain: string, accept: () => void): Destination {
  return {
    serves: (asked) => asked === domain,
    start: (given) => {
      context = given;
    },
    accept,
  };
}

const DESTINATIONS = [
  broken("throws.localhost", () => {
    throw new Error("boom");
  }),
  broken("rejects.localhost", () => Promise.reject(new Error("boom")) as unknown as undefined),
];

/** A module whose phase asks for what cannot be carried out, or returns rubbish, for messages with that id. */
function faulty(name: string, message: Partial<MessagePhases>): ServerModule {
  return { name, xeps: [], features: [], message };
}

const nowhere = Stanza.parse('<message from="localhost"><body>no address</body></message>');
const effects = [{ kind: "route" as const, stanza: nowhere }];
const FAULTY = [
  faulty("settles", { settled: ({ stanza }) => (stanza.id === "settled" ? effects : undefined) }),
  faulty("offers", { offered: ({ stanza }) => (stanza.id === "offered" ? effects : undefined) }),
  faulty("lists", { sent: ({ stanza }) => (stanza.id === "sent" ? ("rubbish" as never) : undefined) }),
  faulty("answers", { incoming: (stanza) => (stanza.id === "incoming" ? ("rubbish" as never) : undefined) }),
  faulty("shows", { shown: ({ stanza }) => (stanza.id === "shown" ? (Promise.resolve() as never) : undefined) }),
];
const FAULTS = ["settled", "offered", "sent", "incoming", "shown"];

const scenario = stage({
  amp: { presencePolicy: "open" },
  destinations: DESTINATIONS,
  modules: [...modules, ...FAULTY],
});
const messagesOnly = { hears: ["message"] } as const;
const chat = (to: string, id: string) => xml`<message to="${to}" id="${id}" type="chat"><body>${id}</body></message>`;

for (const domain of ["throws.localhost", "rejects.localhost"]) {
  scenario(`${domain}: the sender gets an error, and the account of its own answers goes on`, async (cast) => {
    const { romeo, juliet } = cast;
    cast.expectsLogged("destination failed");
    await romeo.online(messagesOnly);
    await juliet.online(messagesOnly);
    romeo.sends(chat(`x@${domain}`, "m1"));
    await romeo.receives(
      xml`<message type="error" id="m1"><error><internal-server-error xmlns="${NS.STANZAS}"/></error></message>`,
    );
    // The error that Juliet's account sends goes to what throws.
    context.route(
      Stanza.parse(
        `<message from="b@${domain}" to="${juliet.bare}/none" type="groupchat" id="g"><body>x</body></message>`,
      ),
    );
    romeo.sends(chat(juliet.bare, "m2"));
    await juliet.receives(xml`<message from="${romeo.full}" id="m2" type="chat"/>`);
  });
}

for (const fault of FAULTS) {
  scenario(
    `a module whose phase ${fault} is at fault: the message arrives, is counted, and holds up no other`,
    { transports: MANAGED },
    async ({ romeo, juliet, expectsLogged }) => {
      expectsLogged(["settled", "offered"].includes(fault) ? "effect of a module failed" : "message phase failed");
      await juliet.online(messagesOnly);
      await romeo.online({ ...messagesOnly, sm: true });
      const before = await romeo.asksForAck();
      for (const id of [fault, "y", "z"]) romeo.sends(chat(juliet.bare, id));
      for (const id of [fault, "y", "z"]) await juliet.receives(xml`<message id="${id}"/>`);
      expect(await romeo.asksForAck()).toBe(before + 3);
    },
  );
}
