/**
 * One device of one user: logs in and out, chats, loses its connection in many ways, and returns, resuming if possible.
 * Its actions follow from its seed; their timing does not.
 * @module
 */
import { readArchive } from "./archive_reader.ts";
import { ChaosSession } from "./chaos_session.ts";
import type { ChaosTransport } from "./history.ts";
import type { Link } from "./link.ts";
import { authenticate, bindResource, ElementFlow } from "./negotiation.ts";
import type { Random } from "./random.ts";
import { chooseRules } from "./rule_mix.ts";
import type { World } from "./world.ts";

export interface DeviceKind {
  readonly transport: ChaosTransport;
  /** With XEP-0198. */
  readonly managed: boolean;
  /** Reads the archive before its initial presence. */
  readonly archiveFirst: boolean;
  /** Wants carbon copies (XEP-0280). */
  readonly carbons: boolean;
}

type Leaving = "logout" | "cut" | "freeze" | "resume-beside" | "login-beside";

const LEAVINGS: Readonly<Record<Leaving, number>> = {
  logout: 25,
  cut: 30,
  freeze: 20,
  "resume-beside": 15,
  "login-beside": 10,
};

export class Device {
  readonly user: string;
  readonly name: string;
  readonly kind: DeviceKind;
  readonly #world: World;
  readonly #random: Random;
  #session: ChaosSession | undefined;
  /** A connection that is left open while the next one is made. */
  #lingering: Link | undefined;
  #archiveEnd: string | undefined;

  constructor(world: World, random: Random, user: string, name: string, kind: DeviceKind) {
    this.#world = world;
    this.#random = random;
    this.user = user;
    this.name = name;
    this.kind = kind;
  }

  get session(): ChaosSession | undefined {
    return this.#session;
  }

  /** Runs until the world's time is up. */
  async live(): Promise<void> {
    const random = this.#random;
    await this.#world.sleep(random.between(0, 600));
    while (!this.#world.isOver) {
      if (!(await this.#tryLogin(this.kind.archiveFirst))) {
        await this.#world.sleep(random.between(50, 250));
        continue;
      }
      await this.#stay();
      const leaving = random.weighted(LEAVINGS);
      await this.#leave(leaving);
      if (leaving !== "resume-beside" && leaving !== "login-beside") await this.#world.sleep(this.#absence());
    }
    await this.#leave("logout");
  }

  #absence(): number {
    return this.#random.chance(0.3) ? this.#random.between(1000, 4000) : this.#random.between(20, 500);
  }

  /** After the end: logs in to take all stored messages. Throws when that fails. */
  async settle(): Promise<ChaosSession> {
    for (let attempt = 0; attempt < 20; attempt++) {
      if (await this.#tryLogin(false)) return this.#session!;
      await this.#world.sleep(200);
    }
    throw new Error(`Cannot log ${this.user} in after the end`);
  }

  async #tryLogin(archiveFirst: boolean): Promise<boolean> {
    const link = this.#world.makeLink(this.user, this.kind.transport, this.#random);
    const flow = new ElementFlow();
    try {
      await authenticate(link, flow, { name: this.user, password: this.#world.password });
      if (!(await this.#tryResume(link, flow))) await this.#bind(link, flow, archiveFirst);
      return true;
    } catch (error) {
      this.#world.note(`${this.user}/${this.name}: ${error instanceof Error ? error.message : error}`);
      this.#session?.detach("login failed");
      link.cut();
      return false;
    } finally {
      this.#lingering?.cut();
      this.#lingering = undefined;
    }
  }

  async #tryResume(link: Link, flow: ElementFlow): Promise<boolean> {
    const session = this.#session;
    if (session?.streamId === undefined) return false;
    if (this.#random.chance(0.75)) {
      const reply = await session.resume(link, flow);
      if (reply.name === "resumed") {
        this.#world.counts.resumptions++;
        session.attach(link, flow, Number(reply.attr("h")));
        return true;
      }
      if (reply.name !== "failed") throw new Error(`Cannot resume: ${reply}`);
      const h = reply.attr("h");
      session.refused(h === undefined ? undefined : Number(h));
    }
    return false;
  }

  async #bind(link: Link, flow: ElementFlow, archiveFirst: boolean): Promise<void> {
    const { history } = this.#world;
    this.#session?.end(false);
    this.#session = undefined;
    const number = this.#world.nextSession();
    const resource = this.#isNewClient() ? `${this.name}-${number}` : this.name;
    await bindResource(link, flow, resource);
    const { transport, managed } = this.kind;
    const id = `${this.user}/${this.name}#${number}`;
    history.note({ kind: "bound", session: id, user: this.user, device: this.name, transport, managed });
    const identity = { id, user: this.user, device: this.name, resource, managed };
    const session = new ChaosSession(identity, history);
    this.#session = session;
    session.attach(link, flow);
    if (managed) session.enable();
    if (this.kind.carbons) session.enableCarbons();
    if (archiveFirst) await this.#catchUp(session);
    session.sendPresence();
  }

  /**
   * A client that was killed and started anew under another name: its old session waits to be resumed, beside the new one.
   * The server has to know that the old connection is gone, or it holds back nothing for order's sake.
   */
  #isNewClient(): boolean {
    return this.kind.managed && this.#lingering === undefined && this.#random.chance(0.5);
  }

  async #catchUp(session: ChaosSession): Promise<void> {
    const { id } = session.identity;
    try {
      this.#archiveEnd = await readArchive(session, this.#archiveEnd, ({ message, stanzaId, to }) => {
        if (to === this.user)
          this.#world.history.note({ kind: "received", message, session: id, via: "archive", stanzaId });
      });
    } catch (error) {
      // It has no presence yet, so there is nothing to resume. A withdrawn message may have been the last one read.
      session.streamId = undefined;
      this.#archiveEnd = undefined;
      throw error;
    }
  }

  async #stay(): Promise<void> {
    const random = this.#random;
    for (let steps = random.between(2, 12); steps > 0 && !this.#world.isOver; steps--) {
      const session = this.#session;
      if (session === undefined || !session.isConnected) return;
      if (random.chance(0.65)) this.#chat(session);
      if (random.chance(0.12)) await this.#delay(session);
      if (random.chance(0.1)) session.sendClientState(random.pick(["active", "inactive"] as const));
      await this.#world.sleep(random.between(10, 250));
    }
  }

  #chat(session: ChaosSession): void {
    const random = this.#random;
    const to = random.pick(this.#world.users.filter((user) => user !== this.user));
    const resource = random.chance(0.15) ? `d${random.between(0, 2)}` : "";
    for (let count = random.between(1, 6); count > 0; count--) {
      const rules = chooseRules(random, this.#world.now());
      session.sendChat({ id: this.#world.nextMessage(), to, resource, rules });
    }
    if (this.kind.managed) {
      if (random.chance(0.7)) session.requestAcknowledgement();
    } else this.#confirm(session);
  }

  /** Without XEP-0198 there is no explicit acceptance, but messages that the server has processed must not be lost. */
  #confirm(session: ChaosSession): void {
    const { history, counts } = this.#world;
    const { kills } = counts;
    session.confirm((messages) => {
      setTimeout(() => {
        if (counts.kills === kills) for (const message of messages) history.note({ kind: "accepted", message });
      }, this.#world.settleMs);
    });
  }

  async #delay(session: ChaosSession): Promise<void> {
    const { link } = session;
    link?.deafen();
    await this.#world.sleep(this.#random.between(50, 400));
    link?.listen();
  }

  async #leave(how: Leaving): Promise<void> {
    const session = this.#session;
    const link = session?.link;
    if (session === undefined || link === undefined) return;
    switch (how) {
      case "logout":
        return this.#logout(session);
      case "cut":
        this.#world.counts.cuts++;
        session.detach("cut");
        return link.cut();
      case "freeze":
        return this.#freeze(session, link);
      case "resume-beside":
      case "login-beside":
        this.#world.counts.cuts++;
        link.deafen();
        session.detach(how);
        this.#lingering = link;
        if (how === "login-beside") session.streamId = undefined;
        return;
      default:
        how satisfies never;
    }
  }

  async #logout(session: ChaosSession): Promise<void> {
    this.#world.counts.logouts++;
    const clean = session.isConnected && (await session.finish(2000));
    session.end(clean);
    this.#session = undefined;
  }

  /** The network is gone, and neither side notices. */
  async #freeze(session: ChaosSession, link: Link): Promise<void> {
    this.#world.counts.freezes++;
    link.deafen();
    session.detach("freeze");
    await this.#world.sleep(this.#random.between(200, 4000));
    link.cut();
  }
}
