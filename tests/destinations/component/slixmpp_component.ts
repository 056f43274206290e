/** A component written with slixmpp, in a process of its own. @module */
import { ClientProcess } from "../../native/client_process.ts";
import { ComponentDriver, GATEWAY, SECRET } from "./component_driver.ts";

const DRIVER = new URL("slixmpp_component.py", import.meta.url).pathname;
const NAME = "component";

export class SlixmppComponent extends ComponentDriver {
  readonly #process: ClientProcess;

  constructor(python: string) {
    super();
    this.#process = new ClientProcess(python, [DRIVER]);
  }

  async connects(port: number, secret = SECRET): Promise<void> {
    await this.#process.call(NAME, "connect", { domain: GATEWAY, secret, port });
  }

  async leaves(): Promise<void> {
    await this.#process.call(NAME, "leave");
    await this.isThrownOut();
  }

  async breaks(): Promise<void> {
    await this.#process.call(NAME, "break");
    await this.isThrownOut();
  }

  async says(text: string): Promise<void> {
    await this.#process.call(NAME, "say", { text });
  }

  async isThrownOut(): Promise<void> {
    await this.#process.event({ client: NAME, event: "disconnected" });
  }

  /** The end of its process. */
  async stop(): Promise<void> {
    await this.#process.stop();
  }

  protected async next(): Promise<string> {
    return (await this.#process.event({ client: NAME, event: "stanza" })).text as string;
  }
}
