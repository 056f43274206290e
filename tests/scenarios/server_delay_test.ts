/** XEP-0203 section 5: only the server says in its own name, and the recipient's, when something was sent. */
import { expect } from "bun:test";
import { NS } from "../../xmpp/ns.ts";
import type { Element } from "../../xmpp/xml/element.ts";
import { attr, type Markup, xml } from "../../xmpp/xml/xml.ts";
import { befriend } from "../conversation/befriend.ts";
import { stage } from "../conversation/stage.ts";

const scenario = stage();

const delay = (from: string) => xml`<delay xmlns="${NS.DELAY}" from="${from}" stamp="2001-01-01T00:00:00Z"/>`;
const legacy = (from: string) => xml`<x xmlns="${NS.DELAY_LEGACY}" from="${from}" stamp="20010101T00:00:00"/>`;
const unsigned = xml`<delay xmlns="${NS.DELAY}" stamp="2001-01-01T00:00:00Z"/>`;

/** Who says so, of the delays of a stanza. */
const signed = (stanza: Element) =>
  [...stanza.childrenNamed("delay", NS.DELAY), ...stanza.childrenNamed("x", NS.DELAY_LEGACY)].map(
    (element) => element.attr("from") ?? "nobody",
  );

const both = (from: string): Markup => xml`${delay(from)}${legacy(from)}`;

scenario("a client's delay in the server's name reaches nobody", async ({ romeo, juliet, server }) => {
  await romeo.online();
  await juliet.online();
  await befriend(romeo, juliet);
  const others = both(romeo.bare);
  const forged = xml`${both(server.domain)}${delay(server.domain.toUpperCase())}${delay(`${server.domain}/r`)}`;
  romeo.sends(
    xml`<message to="${juliet.bare}" id="m1" type="chat"><body>m1</body>${forged}${others}${unsigned}</message>`,
  );
  const message = await juliet.receives(xml`<message id="m1"><body>m1</body></message>`);
  expect(signed(message)).toEqual([romeo.bare, "nobody", romeo.bare]);
  romeo.sends(xml`<presence><status>s1</status>${forged}${others}${unsigned}</presence>`);
  const presence = await juliet.receives(xml`<presence from="${romeo.full}"><status>s1</status></presence>`);
  expect(signed(presence)).toEqual([romeo.bare, "nobody", romeo.bare]);
  const reflected = await romeo.receives(xml`<presence from="${romeo.full}"><status>s1</status></presence>`);
  expect(signed(reflected)).toEqual([romeo.bare, "nobody", romeo.bare]);
});

scenario(
  "of a message that waited, the server's delay is the only one in its name",
  async ({ romeo, juliet, server }) => {
    await romeo.online();
    await juliet.online();
    await befriend(romeo, juliet);
    await juliet.logsOut();
    await romeo.ignores();
    romeo.sends(xml`<message to="${juliet.bare}" id="m1" type="chat"><body>m1</body>${both(server.domain)}</message>`);
    await romeo.receivesNothing();
    await juliet.online();
    const message = await juliet.receives(xml`<message id="m1"><body>m1</body></message>`);
    await romeo.receives(xml`<presence from="${juliet.full}"/>`);
    await juliet.receives(xml`<presence from="${romeo.full}"/>`);
    expect(signed(message)).toEqual([server.domain]);
    expect(message.child("delay", NS.DELAY)?.attr("stamp")).not.toStartWith("2001");
  },
);

scenario("a client's delay in the recipient's name reaches nobody", async ({ romeo, juliet, nurse }) => {
  await romeo.online();
  await juliet.online();
  await befriend(romeo, juliet);
  const forged = xml`${both(juliet.bare)}${delay(juliet.full)}`;
  const others = xml`${delay(romeo.bare)}${delay("juliet@verona.example")}`;
  const left = [romeo.bare, "juliet@verona.example"];
  for (const to of [juliet.bare, juliet.full]) {
    romeo.sends(
      xml`<message to="${to}" id="m1" type="chat"><body>m1</body>${forged}${others}${delay(nurse.bare)}</message>`,
    );
    expect(signed(await juliet.receives(xml`<message id="m1"/>`))).toEqual([...left, nurse.bare]);
  }
  for (const to of [attr("to", juliet.full), attr("to", undefined)]) {
    romeo.sends(xml`<presence${to}><status>s1</status>${forged}${others}</presence>`);
    expect(signed(await juliet.receives(xml`<presence from="${romeo.full}"/>`))).toEqual(left);
  }
  await romeo.receives(xml`<presence from="${romeo.full}"/>`);
});
