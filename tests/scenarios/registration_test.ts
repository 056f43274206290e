/** XEP-0077: an account is made before login, changed and removed after it. */
import { expect } from "bun:test";
import { NS } from "../../xmpp/ns.ts";
import { type Markup, xml } from "../../xmpp/xml/xml.ts";
import { befriend } from "../conversation/befriend.ts";
import type { Device } from "../conversation/device.ts";
import { MANAGED, stage } from "../conversation/stage.ts";
import { scramFinal } from "../transport/sasl2/scram_client.ts";

const scenario = stage();
/** Where an account that is missing is answered for anybody. */
const known = stage({ amp: { presencePolicy: "open" } });
/** Attempts are counted by each process. */
const guarded = stage({ nodes: 1, limits: { loginsPerMinutePerAddressAndAccount: 10 } });
const closed = stage({ registration: "closed" });

const PASSWORD = "a new one";
const query = (content: Markup) => xml`<iq type="set"><query xmlns="${NS.REGISTER}">${content}</query></iq>`;
const register = (username: string, password: string) =>
  query(xml`<username>${username}</username><password>${password}</password>`);
const error = (condition: Markup) => xml`<iq type="error"><error>${condition}</error></iq>`;

async function asksAndIsRefused(device: Device, request: Markup, condition: string): Promise<void> {
  const answer = await device.asks(request);
  expect(answer.child("error", NS.CLIENT)?.child(condition, NS.STANZAS)).toBeDefined();
}

scenario(
  "3.1: the form is asked for, an account is made, and its owner logs in on the same stream",
  async ({ paris }) => {
    await paris.connects();
    expect(paris.features?.child("register", NS.REGISTER_FEATURE)).toBeDefined();
    await paris.asksAndGets(
      xml`<iq type="get"><query xmlns="${NS.REGISTER}"/></iq>`,
      xml`<iq type="result"><query xmlns="${NS.REGISTER}"><username/><password/></query></iq>`,
    );
    expect((await paris.asks(register(paris.local, PASSWORD))).attr("type")).toBe("result");
    await paris.authenticates(PASSWORD);
    await paris.binds();
    await paris.becomesAvailable();
  },
);

scenario(
  "3.1: a name that is taken: conflict; missing fields: not-acceptable; and login is still open",
  async ({ romeo }) => {
    await romeo.connects();
    await asksAndIsRefused(romeo, register(romeo.local, PASSWORD), "conflict");
    await asksAndIsRefused(romeo, register("", PASSWORD), "not-acceptable");
    await asksAndIsRefused(romeo, register("somebody", ""), "not-acceptable");
    await asksAndIsRefused(romeo, register("some body/else", PASSWORD), "not-acceptable");
    await romeo.authenticates();
  },
);

closed("3.1: where registration is closed it is not offered, and not-allowed", async ({ paris }) => {
  await paris.connects();
  expect(paris.features?.child("register", NS.REGISTER_FEATURE)).toBeUndefined();
  await asksAndIsRefused(paris, register(paris.local, PASSWORD), "not-allowed");
});

scenario("3.3: the password is changed: the new one is good, the old one is not", async ({ romeo }) => {
  await romeo.logsIn();
  expect((await romeo.asks(register(romeo.local, PASSWORD))).attr("type")).toBe("result");
  await romeo.logsOut();
  await romeo.connects();
  const old = Buffer.from(`\0${romeo.local}\0wherefore art thou`).toString("base64");
  romeo.sendsRaw(xml`<auth xmlns="${NS.SASL}" mechanism="PLAIN">${old}</auth>`.text);
  await romeo.gets("failure", NS.SASL);
  await romeo.authenticates(PASSWORD);
  await romeo.binds();
});

scenario("3.3: the other sessions of the account end with the old password", async ({ romeo }) => {
  await romeo.logsIn();
  const street = romeo.device("street");
  await street.logsIn();
  expect((await romeo.asks(register(romeo.local, PASSWORD))).attr("type")).toBe("result");
  await street.isThrownOut("not-authorized");
  expect((await romeo.asks(xml`<iq type="get"><query xmlns="${NS.ROSTER}"/></iq>`)).attr("type")).toBe("result");
});

scenario(
  "a password that the application changes ends all sessions, and what waits in them is delivered later",
  async ({ romeo, juliet, server, settled }) => {
    await romeo.online();
    await juliet.logsIn();
    await server.app.accounts.setPassword(romeo.bare, PASSWORD, { keepSessions: true });
    expect((await romeo.asks(xml`<iq type="get"><query xmlns="${NS.ROSTER}"/></iq>`)).attr("type")).toBe("result");
    await server.app.accounts.setPassword(romeo.bare, PASSWORD);
    await romeo.isThrownOut("not-authorized");
    juliet.sends(xml`<message to="${romeo.bare}" id="m1" type="chat"><body>hi</body></message>`);
    await settled();
    await romeo.connects();
    await romeo.authenticates(PASSWORD);
    await romeo.binds();
    await romeo.becomesAvailable();
    await romeo.receives(xml`<message id="m1"/>`);
  },
);

scenario(
  "a session that waits to be resumed ends with the old password",
  { transports: MANAGED },
  async ({ romeo, server, settled }) => {
    await romeo.logsIn();
    await romeo.enables();
    romeo.cuts();
    await settled();
    await server.app.accounts.setPassword(romeo.bare, PASSWORD);
    await romeo.connects();
    await romeo.authenticates(PASSWORD);
    romeo.sendsRaw(xml`<resume xmlns="${NS.SM}" previd="${romeo.management!.id}" h="0"/>`.text);
    await romeo.gets("failed", NS.SM);
  },
);

scenario("who logged in with the old password, but binds later, is thrown out", async ({ romeo, server }) => {
  await romeo.connects();
  await romeo.authenticates();
  await server.app.accounts.setPassword(romeo.bare, PASSWORD);
  romeo.sendsRaw(xml`<iq type="set" id="b" xmlns="${NS.CLIENT}"><bind xmlns="${NS.BIND}"/></iq>`.text);
  await romeo.isThrownOut("not-authorized");
});

scenario("an exchange that began before the change of the password fails", async ({ romeo, server }) => {
  await romeo.connects();
  const first = `n=${romeo.local},r=abc`;
  const data = Buffer.from(`n,,${first}`).toString("base64");
  romeo.sendsRaw(xml`<auth xmlns="${NS.SASL}" mechanism="SCRAM-SHA-256">${data}</auth>`.text);
  const challenge = Buffer.from((await romeo.gets("challenge", NS.SASL)).text, "base64").toString();
  const { final } = scramFinal(first, challenge, "n,,", new Uint8Array(), "wherefore art thou");
  await server.app.accounts.setPassword(romeo.bare, PASSWORD);
  romeo.sendsRaw(xml`<response xmlns="${NS.SASL}">${Buffer.from(final).toString("base64")}</response>`.text);
  const failure = await romeo.gets("failure", NS.SASL);
  expect(failure.child("not-authorized", NS.SASL)).toBeDefined();
});

guarded("wrong passwords for one account close it there for a while, and no other", async ({ romeo, juliet }) => {
  const wrong = Buffer.from(`\0${romeo.local}\0wrong`).toString("base64");
  const conditions: string[] = [];
  for (let connection = 0; connection < 3; connection++) {
    const device = romeo.device(`attempt${connection}`);
    await device.connects();
    for (let attempt = 0; attempt < 4; attempt++) {
      device.sendsRaw(xml`<auth xmlns="${NS.SASL}" mechanism="PLAIN">${wrong}</auth>`.text);
      conditions.push((await device.gets("failure", NS.SASL)).elements[0]!.name);
    }
  }
  expect(conditions).toEqual([...Array(10).fill("not-authorized"), ...Array(2).fill("temporary-auth-failure")]);
  await juliet.logsIn();
});

scenario("3.3: nobody changes the password of somebody else", async ({ romeo, juliet }) => {
  await romeo.logsIn();
  await asksAndIsRefused(romeo, register(juliet.local, PASSWORD), "not-allowed");
  await juliet.logsIn();
});

known(
  "3.2: an account that is removed: its streams end, its contacts see it go, and the name is free",
  async ({ romeo, juliet }) => {
    await romeo.online({ hears: ["message"] });
    await juliet.online();
    await befriend(romeo, juliet);
    const street = romeo.device("street");
    await street.online({ hears: ["message"] });
    await juliet.ignores();
    expect((await romeo.asks(query(xml`<remove/>`))).attr("type")).toBe("result");
    await romeo.isThrownOut("not-authorized");
    await street.isThrownOut("not-authorized");
    await juliet.receivesInTime(xml`<presence type="unsubscribe" from="${romeo.bare}"/>`);
    await juliet.receivesInTime(xml`<presence type="unsubscribed" from="${romeo.bare}"/>`);
    await juliet.receivesInTime(xml`<presence type="unavailable" from="${romeo.full}"/>`);
    await juliet.ignores();
    juliet.sends(xml`<message to="${romeo.bare}" id="m1" type="chat"><body>Romeo?</body></message>`);
    await juliet.receives(
      xml`<message type="error" id="m1"><error><service-unavailable xmlns="${NS.STANZAS}"/></error></message>`,
    );
    await romeo.connects();
    expect((await romeo.asks(register(romeo.local, PASSWORD))).attr("type")).toBe("result");
    await romeo.authenticates(PASSWORD);
    await romeo.binds();
    await romeo.becomesAvailable();
    const roster = await romeo.asks(xml`<iq type="get"><query xmlns="${NS.ROSTER}"/></iq>`);
    expect(roster.child("query", NS.ROSTER)?.children).toEqual([]);
  },
);

scenario("3.2: a removal with anything beside it is bad-request, and removes nothing", async ({ romeo }) => {
  await romeo.logsIn();
  await romeo.asksAndGets(
    query(xml`<remove/><username>${romeo.local}</username>`),
    error(xml`<bad-request xmlns="${NS.STANZAS}"/>`),
  );
  await romeo.logsOut();
  await romeo.logsIn();
});

scenario("3.2: who removes the account and goes leaves no error in the log", async ({ romeo }) => {
  await romeo.online();
  romeo.sends(xml`<iq type="set" id="r1"><query xmlns="${NS.REGISTER}"><remove/></query></iq>`);
  romeo.sends(xml`<presence type="unavailable"/>`);
  await romeo.receives(xml`<iq type="result" id="r1"/>`);
  await romeo.receives(xml`<presence type="unavailable" from="${romeo.full}"/>`);
  await romeo.isThrownOut("not-authorized");
});
