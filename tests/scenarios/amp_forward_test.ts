/** XEP-0079 3.3.1 `deliver=forward`: an account's forwarding address, and what the sender learns of it. */
import { expect } from "bun:test";
import { formatDateTime } from "../../xmpp/date_time.ts";
import { NS } from "../../xmpp/ns.ts";
import { type Markup, xml } from "../../xmpp/xml/xml.ts";
import { amp, type Parties, reply, whatever } from "../conversation/amp.ts";
import { befriend, grants } from "../conversation/befriend.ts";
import type { Cast } from "../conversation/cast.ts";
import type { Device } from "../conversation/device.ts";
import { stage } from "../conversation/stage.ts";

const scenario = stage({ amp: { presencePolicy: "open" } });
const guarded = stage({ amp: { presencePolicy: "subscribed" } });

const messagesOnly = { hears: ["message"] } as const;
const message = (to: string, rules?: Markup) =>
  xml`<message to="${to}" id="m1" type="chat"><body>Hi</body>${rules}</message>`;
const parties = ({ romeo, juliet, server }: Cast): Parties => ({
  domain: server.domain,
  from: romeo.full,
  to: juliet.bare,
});

async function forwards({ server }: Cast, from: Device, to: Device): Promise<void> {
  expect(await server.app.accounts.setForward(from.bare, to.bare)).toBe(true);
}

async function archived(device: Device): Promise<number> {
  await device.asks(xml`<iq type="set"><query xmlns="${NS.MAM}"/></iq>`);
  return device.drops().length;
}

scenario("3.3.1 forward: to another account that is there; it gets the message as the sender sent it", async (cast) => {
  const { romeo, juliet, nurse } = cast;
  await romeo.online(messagesOnly);
  await nurse.online(messagesOnly);
  await forwards(cast, juliet, nurse);
  romeo.sends(message(juliet.bare, whatever("notify")));
  await nurse.receives(xml`<message from="${romeo.full}" to="${nurse.bare}" id="m1"><body>Hi</body></message>`);
  await romeo.hasReceived([reply("deliver forward notify", parties(cast))!], { exact: true });
  await juliet.online(messagesOnly);
  await juliet.receivesNothing();
});

scenario("3.3.1 forward: to one who is away; it is stored there, and handed over all the same", async (cast) => {
  const { romeo, juliet, nurse } = cast;
  await romeo.online(messagesOnly);
  await forwards(cast, juliet, nurse);
  romeo.sends(message(juliet.bare, whatever("notify")));
  await romeo.receives(reply("deliver forward notify", parties(cast))!, { exact: true });
  await nurse.online(messagesOnly);
  await nurse.receives(xml`<message from="${romeo.full}" id="m1"><body>Hi</body></message>`);
});

for (const action of ["drop", "alert", "error"]) {
  scenario(`3.3.1 forward: ${action} takes its place`, async (cast) => {
    const { romeo, juliet, nurse } = cast;
    await romeo.online(messagesOnly);
    await nurse.online(messagesOnly);
    await forwards(cast, juliet, nurse);
    romeo.sends(message(juliet.bare, amp(`deliver forward ${action}`)));
    const event = reply(`deliver forward ${action}`, parties(cast));
    await romeo.hasReceived(event === undefined ? [] : [event], { exact: true });
    await nurse.receivesNothing();
    await juliet.online(messagesOnly);
    await juliet.receivesNothing();
  });
}

scenario("3.3.1 forward: on absence only", async (cast) => {
  const { romeo, juliet, nurse } = cast;
  await romeo.online(messagesOnly);
  await nurse.online(messagesOnly);
  await juliet.online(messagesOnly);
  await forwards(cast, juliet, nurse);
  romeo.sends(message(juliet.bare, whatever("notify")));
  await juliet.receives(xml`<message id="m1"><body>Hi</body></message>`);
  await romeo.receives(reply("deliver direct notify", parties(cast))!, { exact: true });
  await nurse.receivesNothing();
});

scenario("3.3.1 forward: an address that refuses leaves the message where it would have been without", async (cast) => {
  const { romeo, juliet, nurse } = cast;
  await romeo.online(messagesOnly);
  await nurse.online(messagesOnly);
  await nurse.asks(xml`<iq type="set"><block xmlns="${NS.BLOCKING}"><item jid="${romeo.bare}"/></block></iq>`);
  await forwards(cast, juliet, nurse);
  romeo.sends(message(juliet.bare, whatever("notify")));
  await romeo.receives(reply("deliver stored notify", parties(cast))!, { exact: true });
  await romeo.receivesNothing();
  await juliet.online(messagesOnly);
  await juliet.receives(xml`<message from="${romeo.full}" id="m1"><body>Hi</body></message>`);
});

scenario("loop protection: a ring of addresses ends at the last that has not had the message", async (cast) => {
  const { romeo, juliet, nurse, benvolio } = cast;
  await romeo.online(messagesOnly);
  await forwards(cast, juliet, nurse);
  await forwards(cast, nurse, benvolio);
  await forwards(cast, benvolio, juliet);
  romeo.sends(message(juliet.bare, whatever("notify")));
  await romeo.receives(reply("deliver forward notify", parties(cast))!, { exact: true });
  await benvolio.online(messagesOnly);
  await benvolio.receives(xml`<message from="${romeo.full}" id="m1"><body>Hi</body></message>`);
  await juliet.online(messagesOnly);
  await juliet.receivesNothing();
});

scenario("archives keep it under the address that was written; the sender never sees the other", async (cast) => {
  const { romeo, juliet, nurse } = cast;
  await romeo.online(messagesOnly);
  await nurse.online(messagesOnly);
  await forwards(cast, juliet, nurse);
  romeo.sends(message(juliet.bare));
  await nurse.receives(xml`<message id="m1"/>`);
  await romeo.asks(xml`<iq type="set"><query xmlns="${NS.MAM}"/></iq>`);
  const results = romeo.drops();
  expect(results).toHaveLength(1);
  expect(String(results[0])).toContain(juliet.bare);
  expect(String(results[0])).not.toContain(nurse.bare);
  await juliet.online(messagesOnly);
  expect(await archived(juliet)).toBe(1);
  expect(await archived(nurse)).toBe(1);
});

scenario("3.3.2: what is undecided goes on with the message: it expires where it waits, once", async (cast) => {
  const { romeo, juliet, nurse } = cast;
  await romeo.online(messagesOnly);
  await forwards(cast, juliet, nurse);
  const text = `expire-at ${formatDateTime(Date.now() + 250)} alert`;
  romeo.sends(message(juliet.bare, amp(text)));
  await romeo.receives(reply(text, parties(cast))!, { exact: true });
  await nurse.online(messagesOnly);
  await nurse.receivesNothing();
});

for (const perHop of ["true", "false"]) {
  scenario(
    `2.1.2, 4.1: per-hop="${perHop}": the next hop holds the rules against what it does, or only against time`,
    async (cast) => {
      const { romeo, juliet, nurse } = cast;
      await romeo.online(messagesOnly);
      await forwards(cast, juliet, nurse);
      const rules = xml`
      <amp xmlns="${NS.AMP}" per-hop="${perHop}">
        <rule condition="match-resource" value="any" action="error"/>
        <rule condition="deliver" value="stored" action="notify"/>
      </amp>`;
      romeo.sends(message(juliet.bare, rules));
      const event = reply("deliver stored notify", parties(cast))!;
      await romeo.hasReceived(perHop === "true" ? [event] : [], { exact: true });
      await nurse.online(messagesOnly);
      await nurse.receives(xml`<message from="${romeo.full}" id="m1"><body>Hi</body></message>`);
    },
  );
}

guarded(
  "9: a sender who may not see the forwarding account's presence learns nothing of it by an event",
  async (cast) => {
    const { romeo, juliet, nurse } = cast;
    await romeo.online({ roster: true });
    await juliet.online();
    await befriend(romeo, juliet);
    await juliet.logsOut();
    await romeo.ignores();
    await forwards(cast, juliet, nurse);
    await nurse.online(messagesOnly);
    romeo.sends(message(juliet.bare, amp("deliver direct notify")));
    await nurse.receives(xml`<message id="m1"/>`);
    await romeo.receivesNothing();
    const text = `expire-at ${formatDateTime(Date.now() + 250)} error`;
    await nurse.logsOut();
    romeo.sends(message(juliet.bare, amp(text)));
    await new Promise((resolve) => setTimeout(resolve, 500));
    await romeo.receivesNothing();
    await nurse.online(messagesOnly);
    await nurse.receivesNothing();
  },
);

scenario(
  "XEP-0050: a user sets the address by the server's command, and learns what is wrong with it",
  async (cast) => {
    const { romeo, juliet, nurse, server } = cast;
    await romeo.online(messagesOnly);
    await juliet.online(messagesOnly);
    const command = (attributes: Markup, content?: Markup) => xml`
    <iq type="set" to="${server.domain}">
      <command xmlns="${NS.COMMANDS}" node="urn:ampact:forwarding"${attributes}>${content}</command>
    </iq>`;
    const form = (address: string) => xml`
    <x xmlns="${NS.DATA}" type="submit">
      <field var="FORM_TYPE"><value>urn:ampact:forwarding</value></field>
      <field var="address"><value>${address}</value></field>
    </x>`;
    const completes = async () => {
      const begun = await juliet.asks(command(xml` action="execute"`));
      const id = begun.child("command", NS.COMMANDS)!.attr("sessionid")!;
      return await juliet.asks(command(xml` sessionid="${id}" action="complete"`, form(nurse.bare)));
    };
    expect((await completes()).child("error", NS.CLIENT)?.child("not-acceptable", NS.STANZAS)).toBeDefined();
    expect(await server.app.accounts.forward(juliet.bare)).toBeUndefined();
    await nurse.online(messagesOnly);
    await grants(nurse, juliet);
    await nurse.logsOut();
    expect((await completes()).child("command", NS.COMMANDS)!.attr("status")).toBe("completed");
    expect(await server.app.accounts.forward(juliet.bare)).toBe(nurse.bare);
    await juliet.logsOut();
    romeo.sends(message(juliet.bare));
    await nurse.online(messagesOnly);
    await nurse.receives(xml`<message id="m1"/>`);
    await expect(server.app.accounts.setForward(juliet.bare, juliet.bare)).rejects.toThrow("it is the account itself");
    await expect(server.app.accounts.setForward(juliet.bare, "x@elsewhere.example")).rejects.toThrow("neither served");
  },
);
