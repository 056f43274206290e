/** Somebody in front of Converse: acts on what the page shows, and reads what it shows. @module */
import type { Browser, BrowserContext, Locator, Page } from "playwright-core";
import { type ConverseSite, DOMAIN, type WebTransport } from "./converse_site.ts";
import { StanzaConsole } from "./stanza_console.ts";

const VIEWPORT = { width: 900, height: 560 };
const STEP_LIMIT_MS = 10_000;
const POLL_MS = 20;
const SHOWN_LINES = 8;

export class ConverseUser {
  readonly jid: string;
  readonly console: StanzaConsole;
  readonly page: Page;
  readonly #context: BrowserContext;

  private constructor(jid: string, context: BrowserContext, page: Page) {
    this.jid = jid;
    this.page = page;
    this.#context = context;
    this.console = new StanzaConsole(page);
  }

  /** In a browser that remembers nothing. Resolves when the roster is there and presence is sent. */
  static async open(
    browser: Browser,
    site: ConverseSite,
    name: string,
    transport: WebTransport,
  ): Promise<ConverseUser> {
    const context = await browser.newContext({ viewport: VIEWPORT });
    context.setDefaultTimeout(STEP_LIMIT_MS);
    // Logos of sponsors, and a list of public servers.
    await context.route(/^https:/, (route) => route.fulfill({ json: [] }));
    const user = new ConverseUser(`${name}@${DOMAIN}`, context, await context.newPage());
    await user.page.goto(site.url(name, transport));
    await user.ready();
    // Whoever looks at a profile before gets errors about keys that are still to be published.
    await user.ask("waitUntil('OMEMOInitialized')");
    return user;
  }

  async reload(): Promise<void> {
    await this.page.reload();
    await this.ready();
  }

  async ready(): Promise<void> {
    await this.page.waitForFunction("window._converse !== undefined");
    await this.ask("waitUntil('rosterContactsFetched')");
    await this.ask("waitUntil('bookmarksInitialized')");
  }

  /** The value of an expression on Converse's API (`api.` goes before it). */
  async ask<T = unknown>(expression: string): Promise<T> {
    const value = `Promise.race([
      _converse.api.${expression},
      new Promise((_, fail) => setTimeout(fail, ${STEP_LIMIT_MS}, new Error("no answer in time"))),
    ])`;
    try {
      return (await this.page.evaluate(`(async () => (await ${value}) ?? null)()`)) as T;
    } catch (cause) {
      const last = this.console.lines.slice(-SHOWN_LINES).join("\n");
      throw new Error(`Cannot ask ${this.jid}'s client for ${expression}; its console ends in\n${last}`, { cause });
    }
  }

  /** Waits for the answer to an IQ of the type set: what the API promises comes before it is even sent. */
  async answered(request: string): Promise<void> {
    const limit = performance.now() + STEP_LIMIT_MS;
    while (this.console.answerToSet(request) === undefined) {
      if (performance.now() > limit) throw new Error(`Cannot see an answer about ${request}: none came in time`);
      await Bun.sleep(POLL_MS);
    }
  }

  async addContact(jid: string): Promise<void> {
    await this.page.locator(".dropdown--contacts .dropdown-toggle").click();
    await this.page.locator(".dropdown-item.add-contact").click();
    const form = this.page.locator("converse-add-contact-modal form");
    await form.locator("input[name=jid]").fill(jid);
    await form.locator("button[type=submit]").click();
    await form.waitFor({ state: "hidden" });
  }

  async acceptContact(jid: string): Promise<void> {
    const entry = this.page.locator("converse-roster-contact", { has: this.#contact(jid) });
    await entry.locator(".dropdown-toggle").click();
    await entry.locator(".accept-xmpp-request").click();
    const form = this.page.locator("converse-accept-contact-request-modal form");
    await form.locator("button[type=submit]").click();
    await form.waitFor({ state: "hidden" });
  }

  /** The form of acceptContact() stops short of it in Converse 14. */
  async askForPresence(jid: string): Promise<void> {
    await this.page.evaluate(`void _converse.state.roster.get("${jid}").subscribeToPresence()`);
  }

  /** Waits until the roster shows it. */
  async seesPresence(jid: string, show: "online" | "offline"): Promise<void> {
    await this.#contact(jid).locator(`.contact-name--${show}`).waitFor();
  }

  async openChat(jid: string): Promise<void> {
    await this.#contact(jid).click();
    await this.#input.waitFor();
  }

  async say(text: string): Promise<void> {
    await this.#input.fill(text);
    await this.#input.press("Enter");
    await this.sees(text);
  }

  /** Waits until the open chat shows a message of this text. */
  async sees(text: string): Promise<void> {
    await this.#message(text).waitFor();
  }

  /** Texts of the open chat, oldest first. */
  shownMessages(): Promise<string[]> {
    return this.page.locator(".chat-msg__text").allInnerTexts();
  }

  async setAvatar(png: Buffer): Promise<void> {
    await this.page.locator(".show-profile").click();
    const modal = this.page.locator("converse-profile-modal");
    await modal
      .locator("input[name=avatar_image]")
      .setInputFiles({ name: "a.png", mimeType: "image/png", buffer: png });
    await modal.locator("button.save-form").click();
    await modal.locator("form").waitFor({ state: "hidden" });
  }

  async seesAvatar(jid: string): Promise<void> {
    await this.#contact(jid).locator("converse-avatar image, converse-avatar img").waitFor();
  }

  async showBookmarks(): Promise<Locator> {
    await this.page.locator(".dropdown--rooms .dropdown-toggle, converse-rooms-list .dropdown-toggle").first().click();
    await this.page.locator(".show-bookmark-list-modal").click();
    return this.page.locator("converse-bookmark-list-modal .bookmarks");
  }

  async screenshot(path: string): Promise<void> {
    await this.page.screenshot({ path, animations: "disabled" });
  }

  async logOut(): Promise<void> {
    await this.ask("user.logout()");
    await this.#context.close();
  }

  #contact(jid: string): Locator {
    return this.page.locator(`converse-roster-contact a[data-jid="${jid}"], a.open-chat[data-jid="${jid}"]`).first();
  }

  get #input(): Locator {
    return this.page.locator("textarea.chat-textarea:visible");
  }

  #message(text: string): Locator {
    return this.page.locator(".chat-msg__text", { hasText: text }).first();
  }
}
