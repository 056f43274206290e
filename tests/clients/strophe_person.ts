/** strophe.js over WebSocket or BOSH. @module */
import { $iq, $msg, $pres, Strophe } from "strophe.js";
import { provideXmlHttpRequest } from "../../scripts/demo/fetch_xhr.ts";
import { NS } from "../../xmpp/ns.ts";
import { type Account, Person } from "./person.ts";

/** What is used of the DOM. */
interface DomElement {
  readonly textContent: string | null;
  getAttribute(name: string): string | null;
  getElementsByTagName(name: string): ArrayLike<DomElement>;
}

type Connection = InstanceType<typeof Strophe.Connection>;

export class StrophePerson extends Person {
  readonly #connection: Connection;
  readonly #transport: "websocket" | "bosh";
  #status = 0;

  constructor(account: Account, transport: "websocket" | "bosh") {
    super(account);
    provideXmlHttpRequest();
    Strophe.setLogLevel(Strophe.LogLevel.FATAL);
    this.#transport = transport;
    this.#connection = new Strophe.Connection(transport === "websocket" ? account.webSocketUrl : account.boshUrl);
  }

  get mechanism(): string | undefined {
    return (this.#connection as unknown as { _sasl_mechanism?: { mechname: string } })._sasl_mechanism?.mechname;
  }

  async login(): Promise<void> {
    const { jid, resource, password } = this.account;
    await new Promise<void>((resolve, reject) => {
      this.#connection.connect(`${jid}/${resource}`, password, (status: number) => {
        this.#status = status;
        if (status === Strophe.Status.CONNECTED) resolve();
        if (status === Strophe.Status.CONNFAIL || status === Strophe.Status.AUTHFAIL)
          reject(new Error(`status ${status}`));
      });
    });
    this.#listen();
    await this.roster();
    this.#connection.send($pres());
  }

  /** Strophe forgets its handlers with each new connection. */
  #listen(): void {
    const keep = (handle: (stanza: DomElement) => void) => (stanza: DomElement) => {
      handle(stanza);
      return true;
    };
    const presence = keep((stanza) => {
      const type = stanza.getAttribute("type") ?? "available";
      this.presences.push({ from: stanza.getAttribute("from") ?? "", type });
    });
    const message = keep((stanza) => {
      const body = stanza.getElementsByTagName("body")[0]?.textContent ?? "";
      const delayed = stanza.getElementsByTagName("delay").length > 0;
      if (body !== "") this.messages.push({ from: stanza.getAttribute("from") ?? "", body, delayed });
    });
    this.#connection.addHandler(presence as never, null as never, "presence", null as never);
    this.#connection.addHandler(message as never, null as never, "message", null as never);
  }

  async logout(): Promise<void> {
    this.#connection.disconnect("");
    await this.#until(Strophe.Status.DISCONNECTED);
  }

  /** Over BOSH Strophe repeats its requests and goes on; over WebSocket the app has to log in again. */
  async recovers(): Promise<void> {
    if (this.#transport === "bosh") return;
    await this.#until(Strophe.Status.DISCONNECTED);
    this.#connection.reset();
    await this.login();
  }

  async #until(status: number): Promise<void> {
    while (this.#status !== status) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  async roster(): Promise<Readonly<Record<string, string>>> {
    const answer = await new Promise<DomElement>((resolve, reject) => {
      this.#connection.sendIQ(
        $iq({ type: "get" }).c("query", { xmlns: NS.ROSTER }),
        resolve as never,
        reject as never,
        5000,
      );
    });
    const items = Array.from(answer.getElementsByTagName("item"));
    return Object.fromEntries(items.map((item) => [item.getAttribute("jid"), item.getAttribute("subscription")]));
  }

  subscribe(to: string): void {
    this.#connection.send($pres({ to, type: "subscribe" }));
  }

  approve(from: string): void {
    this.#connection.send($pres({ to: from, type: "subscribed" }));
  }

  say(to: string, body: string): void {
    this.#connection.send($msg({ to, type: "chat" }).c("body").t(body));
  }
}
