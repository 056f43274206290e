/** What two people do with Converse, step by step, over one transport. @module */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser } from "playwright-core";
import { skipReason, TEST_TOOLS } from "../../scripts/install_test_tools/test_tool.ts";
import { NS } from "../../xmpp/ns.ts";
import { launchChromium } from "./chromium.ts";
import { ConverseSite, DOMAIN, type WebTransport } from "./converse_site.ts";
import { ConverseUser } from "./converse_user.ts";

const ROMEO = `romeo@${DOMAIN}`;
const JULIET = `juliet@${DOMAIN}`;
const ROOM = "balcony@rooms.verona.example";
const TIMEOUT_MS = 30_000;

/** What a new account does not have, by the table in "converse.js in a headless browser". */
const NOT_THERE_YET = new Set([
  NS.VCARD,
  `${NS.PUBSUB} urn:xmpp:bookmarks:1`,
  `${NS.PUBSUB} urn:xmpp:reactions:popular:0`,
  `${NS.PUBSUB} eu.siacs.conversations.axolotl.devicelist`,
  `${NS.PUBSUB} urn:xmpp:omemo:2:devices`,
]);

/** Converse 14 looks at its connection once more when it has logged out. */
const AFTER_LOGOUT = "undefined (reading 'isType')";
const HISTORY = ["She speaks!", "O Romeo, Romeo!", "Art thou gone so?", "Dost thou love me?"];
/** Where set, pictures for docs/clients/ are taken anew. */
const TAKE_PICTURES = process.env.AMPACT_SCREENSHOTS !== undefined;

export function describeConverse(transport: WebTransport): void {
  const missing = skipReason(TEST_TOOLS.chromium);
  if (missing !== undefined) test.skip(`Converse over ${transport} ${missing}`, () => {});
  else describe(`Converse over ${transport}`, () => converse(transport));
}

function converse(transport: WebTransport): void {
  let site: ConverseSite;
  let browser: Browser;
  let romeo: ConverseUser;
  let juliet: ConverseUser;
  const users: ConverseUser[] = [];
  const enter = async (name: string): Promise<ConverseUser> => {
    const user = await ConverseUser.open(browser, site, name, transport);
    users.push(user);
    return user;
  };

  beforeAll(async () => {
    [site, browser] = await Promise.all([ConverseSite.start(["romeo", "juliet"]), launchChromium()]);
  }, TIMEOUT_MS);

  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });

  const step = (name: string, run: () => Promise<void>): void => test(name, run, TIMEOUT_MS);
  const shoot = async (user: ConverseUser, name: string): Promise<void> => {
    if (TAKE_PICTURES) await user.screenshot(`docs/clients/converse-${transport}-${name}.png`);
  };

  step("both log in", async () => {
    [romeo, juliet] = await Promise.all([enter("romeo"), enter("juliet")]);
    expect(site.server.sessionCount).toBe(2);
  });

  step("a contact is asked, accepts, and both see each other", async () => {
    await romeo.addContact(JULIET);
    await juliet.acceptContact(ROMEO);
    await juliet.askForPresence(ROMEO);
    await Promise.all([romeo.seesPresence(JULIET, "online"), juliet.seesPresence(ROMEO, "online")]);
  });

  step("they chat both ways", async () => {
    await Promise.all([romeo.openChat(JULIET), juliet.openChat(ROMEO)]);
    await romeo.say("She speaks!");
    await juliet.sees("She speaks!");
    await juliet.say("O Romeo, Romeo!");
    await romeo.sees("O Romeo, Romeo!");
  });

  step("who was away has the message on return", async () => {
    await juliet.logOut();
    await romeo.seesPresence(JULIET, "offline");
    await romeo.say("Art thou gone so?");
    juliet = await enter("juliet");
    await juliet.openChat(ROMEO);
    await juliet.sees("Art thou gone so?");
    await romeo.seesPresence(JULIET, "online");
  });

  step("a reloaded page goes on, and has the history", async () => {
    await romeo.reload();
    await romeo.openChat(JULIET);
    await juliet.say("Dost thou love me?");
    for (const text of HISTORY) await romeo.sees(text);
    expect(await romeo.shownMessages()).toEqual(HISTORY);
  });

  step("a new browser has the history from the archive", async () => {
    await romeo.logOut();
    romeo = await enter("romeo");
    await romeo.openChat(JULIET);
    // Over BOSH the last one may come as an offline message, too: no request has proved that it was received.
    for (const text of HISTORY) await romeo.sees(text);
    expect(await romeo.shownMessages()).toEqual(HISTORY);
  });

  step("an avatar is seen by the contact, and is in its PEP node too", async () => {
    await romeo.setAvatar(Buffer.from(await Bun.file(new URL("avatar.png", import.meta.url)).arrayBuffer()));
    await juliet.seesAvatar(ROMEO);
    const items = await juliet.ask<string>(
      `sendIQ(converse.env.$iq({ type: "get", to: "${ROMEO}" }).c("pubsub", { xmlns: "${NS.PUBSUB}" })
        .c("items", { node: "urn:xmpp:avatar:metadata" })).then((answer) => answer.outerHTML)`,
    );
    expect(items).toMatch(/<info [^>]*type="image\/(png|jpeg|webp)"/);
    await shoot(juliet, "chat");
  });

  step("a bookmark is there in a new browser", async () => {
    await romeo.ask(`bookmarks.set({ jid: "${ROOM}", name: "The balcony", autojoin: false })`);
    await romeo.answered(`${NS.PUBSUB} urn:xmpp:bookmarks:1`);
    await romeo.logOut();
    romeo = await enter("romeo");
    const list = await romeo.showBookmarks();
    await list.getByText("The balcony").waitFor();
    await shoot(romeo, "bookmark");
  });

  step("no error stanza came but those that say what a new account does not have", () => {
    const answers = users.flatMap((user) => user.console.faultyAnswers);
    const unexpected = answers.filter(
      ({ request, condition }) => condition !== "item-not-found" || !NOT_THERE_YET.has(request),
    );
    expect(unexpected).toEqual([]);
    expect(answers.length).toBeGreaterThan(0);
    expect(users.flatMap((user) => user.console.faults).filter((line) => !line.includes(AFTER_LOGOUT))).toEqual([]);
    return Promise.resolve();
  });
}
