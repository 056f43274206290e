/** The story, and its expected course. @module */
import { type AmpOutcome, type AmpRule, deliver, expireAt, matchResource } from "../../client/mod.ts";
import type { AmpactServer } from "../../mod.ts";
import { NS } from "../../xmpp/ns.ts";
import { Juliet } from "./juliet.ts";
import type { Narrator } from "./narrator.ts";
import { StoryError } from "./player.ts";
import { Romeo } from "./romeo.ts";

export interface Scene {
  readonly narrator: Narrator;
  readonly accounts: AmpactServer["accounts"];
  readonly webSocketUrl: string;
  readonly boshUrl: string;
}

/** One message of Juliet's. */
interface Letter {
  readonly id: string;
  readonly to: string;
  readonly body: string;
  readonly rule: AmpRule;
}

const PASSWORD = "wherefore art thou";
const EXPIRES_MS = 1000;

/** Throws StoryError where it goes otherwise. */
export async function tellStory(scene: Scene): Promise<void> {
  const juliet = new Juliet(scene.webSocketUrl, PASSWORD);
  const romeo = new Romeo(scene.boshUrl, PASSWORD);
  await new Story(scene, juliet, romeo).tell();
}

class Story {
  readonly #scene: Scene;
  readonly #narrator: Narrator;
  readonly #juliet: Juliet;
  readonly #romeo: Romeo;

  constructor(scene: Scene, juliet: Juliet, romeo: Romeo) {
    this.#scene = scene;
    this.#narrator = scene.narrator;
    this.#juliet = juliet;
    this.#romeo = romeo;
  }

  async tell(): Promise<void> {
    await this.#meet();
    await this.#direct();
    await this.#stored();
    await this.#notToBeStored();
    await this.#tooLate();
    await this.#return();
    await this.#wrongDevice();
    await this.#farewell();
  }

  async #meet(): Promise<void> {
    const { accounts, webSocketUrl, boshUrl } = this.#scene;
    const juliet = this.#juliet;
    const romeo = this.#romeo;
    this.#narrator.title("Juliet and Romeo, and a server that tells what became of a message (XEP-0079)");
    this.#narrator.says("server", `serves localhost at ${webSocketUrl} and ${boshUrl}`);
    for (const { bareJid } of [juliet, romeo]) await accounts.add(bareJid, PASSWORD);
    await Promise.all([juliet.login(), romeo.login("phone")]);
    this.#narrator.says("juliet", "is online: @xmpp/client over WebSocket");
    this.#narrator.says("romeo", "is online with his phone: strophe.js over BOSH");
    await this.#becomeFriends();
    this.#narrator.says("server", "may report to Juliet about Romeo, because he lets her see his presence");
  }

  async #becomeFriends(): Promise<void> {
    const juliet = this.#juliet;
    const romeo = this.#romeo;
    await juliet.sendPresence("subscribe", romeo.bareJid);
    await romeo.seesPresence("subscribe", juliet);
    romeo.sendPresence("subscribed", juliet.bareJid);
    romeo.sendPresence("subscribe", juliet.bareJid);
    await juliet.seesPresence("subscribed", romeo);
    await juliet.seesPresence("subscribe", romeo);
    await juliet.sendPresence("subscribed", romeo.bareJid);
    await romeo.seesPresence("subscribed", juliet);
    await Promise.all([juliet.seesPresence(undefined, romeo), romeo.seesPresence(undefined, juliet)]);
  }

  async #direct(): Promise<void> {
    this.#narrator.title("1. A message that arrives");
    const letter = { id: "m1", to: "romeo@localhost", body: "Art thou there?", rule: deliver("direct", "notify") };
    const outcome = this.#send(letter);
    await this.#romeo.seesBody(letter.body);
    this.#narrator.says("romeo", `sees "${letter.body}"`);
    await this.#told(
      letter,
      await outcome,
      "notified",
      "that Romeo's phone has it: proved, not just written to a socket",
    );
  }

  async #stored(): Promise<void> {
    this.#narrator.title("2. A message to somebody away");
    await this.#romeo.logout();
    await this.#juliet.seesPresence("unavailable", this.#romeo);
    this.#narrator.says("romeo", "is gone");
    const letter = { id: "m2", to: "romeo@localhost", body: "Come to the garden", rule: deliver("stored", "notify") };
    const outcome = await this.#send(letter);
    await this.#told(letter, outcome, "notified", "that it waits for Romeo: committed to disk");
  }

  async #notToBeStored(): Promise<void> {
    this.#narrator.title("3. A message that must not lie around");
    const letter = { id: "m3", to: "romeo@localhost", body: "I love thee", rule: deliver("stored", "alert") };
    await this.#told(
      letter,
      await this.#send(letter),
      "alert",
      "that it would have been stored, and was dropped instead",
    );
  }

  async #tooLate(): Promise<void> {
    this.#narrator.title("4. A message that comes too late");
    const rule = expireAt(new Date(Date.now() + EXPIRES_MS), "alert");
    const letter = { id: "m4", to: "romeo@localhost", body: "Come within the second", rule };
    await this.#told(letter, await this.#send(letter), "alert", "that its time was over, and it is gone");
    if (Date.now() < Date.parse(rule.value)) throw new StoryError("the message expired before its time");
  }

  async #return(): Promise<void> {
    this.#narrator.title("2, continued: Romeo comes back");
    const following = this.#juliet.follows("m2", "romeo@localhost");
    // Its failure is told where it is awaited.
    following.catch(() => {});
    await this.#romeo.login("tablet");
    this.#narrator.says("romeo", "is online with his tablet");
    const stanza = await this.#romeo.seesBody("Come to the garden");
    const since = stanza.child("delay", NS.DELAY)?.attr("stamp");
    if (since === undefined) throw new StoryError("the stored message does not say since when it waited");
    this.#narrator.says("romeo", `sees "Come to the garden", which waited since ${since}`);
    const steps = await following;
    this.#narrator.says("juliet", `has followed it from one loop: ${steps.join(", ")}`);
    const [stored, proved] = [steps.indexOf("stored"), steps.indexOf("proved (bosh-ack)")];
    if (stored < 0 || proved < stored || steps.at(-1) !== "settled")
      throw new StoryError(`Juliet has followed ${steps}`);
  }

  async #wrongDevice(): Promise<void> {
    this.#narrator.title("5. A message for one device only");
    const rule = matchResource("other", "error");
    const letter = { id: "m5", to: "romeo@localhost/phone", body: "For thy phone alone", rule };
    await this.#told(
      letter,
      await this.#send(letter),
      "error",
      "that only another device of his would get it, so nobody did",
    );
  }

  async #farewell(): Promise<void> {
    this.#narrator.title("What Romeo saw, all in all");
    // Messages keep their order: any earlier message would have arrived before this one.
    await this.#juliet.write("m6", "romeo@localhost/tablet", "Good night");
    await this.#romeo.seesBody("Good night");
    const seen = this.#romeo.bodies.map((body) => `"${body}"`).join(", ");
    this.#narrator.says("romeo", `saw ${seen}`);
    if (seen !== '"Art thou there?", "Come to the garden", "Good night"') throw new StoryError(`Romeo saw ${seen}`);
    await Promise.all([this.#juliet.logout(), this.#romeo.logout()]);
  }

  #send({ id, to, body, rule }: Letter): Promise<AmpOutcome> {
    this.#narrator.says("juliet", `writes to ${to}: "${body}"`);
    this.#narrator.says("juliet", `asks: if ${rule.condition} is ${rule.value}, then ${rule.action}`);
    return this.#juliet.writeWithRules(id, to, body, [rule]);
  }

  /** What Juliet must have been told, with the rule and the stanza that said so. */
  async #told({ id, rule }: Letter, outcome: AmpOutcome, kind: AmpOutcome["kind"], what: string): Promise<void> {
    const [told] = "rules" in outcome ? outcome.rules : "rule" in outcome ? [outcome.rule] : [];
    if (outcome.kind !== kind || told?.condition !== rule.condition || told.value !== rule.value) {
      throw new StoryError(`Juliet was told ${JSON.stringify(outcome)}`);
    }
    const reply = await this.#juliet.sees(
      "the reply",
      (stanza) => stanza.name === "message" && stanza.attr("id") === id,
    );
    this.#narrator.says("juliet", `is told ${what}`);
    this.#narrator.shows(reply);
  }
}
