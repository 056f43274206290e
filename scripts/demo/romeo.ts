/** Romeo uses strophe.js over BOSH. @module */
import { $iq, $pres, Strophe } from "strophe.js";
import { NS } from "../../xmpp/ns.ts";
import { provideXmlHttpRequest } from "./fetch_xhr.ts";
import { Player, StoryError } from "./player.ts";

type Connection = InstanceType<typeof Strophe.Connection>;

export class Romeo extends Player {
  readonly #url: string;
  readonly #password: string;
  #connection: Connection | undefined;
  #disconnected: (() => void) | undefined;

  constructor(url: string, password: string) {
    super("romeo");
    this.#url = url;
    this.#password = password;
    provideXmlHttpRequest();
    Strophe.setLogLevel(Strophe.LogLevel.FATAL);
  }

  async login(resource: string): Promise<void> {
    const connection = new Strophe.Connection(this.#url);
    await this.#connect(connection, `${this.bareJid}/${resource}`);
    for (const name of ["message", "presence"])
      connection.addHandler((stanza) => this.#onStanza(stanza), null, name, null);
    // RFC 6121 2.2: only a client that has requested the roster gets subscription stanzas.
    connection.send($iq({ type: "get", id: "roster" }).c("query", { xmlns: NS.ROSTER }));
    connection.send($pres());
    this.#connection = connection;
  }

  async logout(): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      this.#disconnected = resolve;
    });
    this.#connection?.disconnect();
    await ended;
  }

  sendPresence(type: "subscribe" | "subscribed", to: string): void {
    this.#connection?.send($pres({ type, to }));
  }

  #connect(connection: Connection, jid: string): Promise<void> {
    const { CONNECTED, DISCONNECTED, CONNFAIL, AUTHFAIL } = Strophe.Status;
    return new Promise((resolve, reject) => {
      connection.connect(jid, this.#password, (status: number) => {
        if (status === CONNECTED) resolve();
        if (status === DISCONNECTED) this.#disconnected?.();
        if (status === CONNFAIL || status === AUTHFAIL) reject(new StoryError(`${this.name} cannot log in`));
      });
    });
  }

  #onStanza(stanza: Parameters<typeof Strophe.serialize>[0]): boolean {
    this.receive(Strophe.serialize(stanza));
    // Strophe keeps a handler that returns true.
    return true;
  }
}
