/** A component written with `@xmpp/component`. @module */
import { type Component, component, xml } from "@xmpp/component";
import { NS } from "../../../xmpp/ns.ts";
import { ComponentDriver, GATEWAY, SECRET } from "./component_driver.ts";

const LIMIT_MS = 10_000;

export class XmppJsComponent extends ComponentDriver {
  readonly #features: readonly string[];
  #component: Component | undefined;
  #isOpen = false;
  readonly #heard: string[] = [];

  /** `features`: what its service discovery tells. */
  constructor(features: readonly string[] = []) {
    super();
    this.#features = features;
  }

  async connects(port: number, secret = SECRET): Promise<void> {
    const entity = component({ service: `xmpp://127.0.0.1:${port}`, domain: GATEWAY, password: secret });
    entity.reconnect.stop();
    entity.on("stanza", (stanza: { toString(): string }) => this.#heard.push(stanza.toString()));
    entity.on("disconnect", () => {
      this.#isOpen = false;
    });
    entity.iqCallee.get(NS.DISCO_INFO, "query", () => this.#info());
    const failed = new Promise<never>((_, reject) => entity.on("error", reject));
    // Later ones show in isThrownOut().
    failed.catch(() => {});
    await Promise.race([entity.start(), failed]);
    this.#component = entity;
    this.#isOpen = true;
  }

  #info() {
    const identity = xml("identity", { category: "gateway", type: "sms" });
    return xml(
      "query",
      { xmlns: NS.DISCO_INFO },
      identity,
      ...this.#features.map((feature) => xml("feature", { var: feature })),
    );
  }

  async leaves(): Promise<void> {
    await this.#component?.stop();
  }

  async breaks(): Promise<void> {
    this.#component?.socket?.destroy();
    await this.isThrownOut();
  }

  async says(text: string): Promise<void> {
    await this.#component!.write(text);
  }

  async isThrownOut(): Promise<void> {
    for (let waited = 0; this.#isOpen; waited += 10) {
      if (waited > LIMIT_MS) throw new Error("Cannot see the end of the stream: it is open");
      await Bun.sleep(10);
    }
  }

  protected async next(): Promise<string> {
    for (let waited = 0; this.#heard.length === 0; waited += 10) {
      if (waited > LIMIT_MS) throw new Error("Cannot hear a stanza: none comes");
      await Bun.sleep(10);
    }
    return this.#heard.shift()!;
  }
}
