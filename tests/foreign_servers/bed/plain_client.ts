/** A client over TCP, without TLS or with direct TLS: registers, logs in, sends, and keeps what it gets. Runs on Bun and on Deno. @module */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls } from "node:tls";

export interface PlainClientOptions {
  readonly host: string;
  readonly port: number;
  readonly domain: string;
  readonly user: string;
  /** The authority of the server's certificate, in PEM; without it there is no TLS. */
  readonly ca?: string;
}

const PASSWORD = "secret";
const PATIENCE_MS = 8000;

export class PlainClient {
  text = "";
  readonly #socket: Socket;
  readonly #domain: string;
  readonly jid: string;
  /** With the resource. */
  full = "";

  private constructor(socket: Socket, { domain, user }: PlainClientOptions) {
    this.#socket = socket;
    this.#domain = domain;
    this.jid = `${user}@${domain}`;
    socket.setEncoding("utf8");
    socket.on("data", (chunk) => {
      this.text += chunk;
    });
    socket.on("error", () => {});
  }

  /** Makes the account, unless it exists, and is available then. */
  static async start(options: PlainClientOptions): Promise<PlainClient> {
    const { host, port, user, domain, ca } = options;
    const socket = ca === undefined ? connect(port, host) : connectTls({ host, port, ca, servername: domain });
    const client = new PlainClient(socket, options);
    await client.#open();
    client.send(
      `<iq type='set' id='reg'><query xmlns='jabber:iq:register'><username>${user}</username><password>${PASSWORD}</password></query></iq>`,
    );
    await client.until(/id=['"]reg['"]/);
    const plain = Buffer.from(`\0${user}\0${PASSWORD}`).toString("base64");
    client.send(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${plain}</auth>`);
    await client.until(/<success/);
    await client.#open();
    client.send(`<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>`);
    const bound = await client.until(/<\/jid>/);
    client.full = /<jid>(.*)<\/jid>/.exec(bound)?.[1] ?? "";
    // Who asks for the roster gets what becomes of subscriptions.
    client.send(`<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq><presence/>`);
    await client.until(/id=['"]roster['"]/);
    return client;
  }

  send(text: string): void {
    this.#socket.write(text);
  }

  /** What has come up to the end of a match; forgets it. */
  async until(pattern: RegExp): Promise<string> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const match = pattern.exec(this.text);
      if (match !== null) {
        const end = match.index + match[0].length;
        const found = this.text.slice(0, end);
        this.text = this.text.slice(end);
        return found;
      }
      if (Date.now() > deadline) throw new Error(`${this.jid} cannot find ${pattern} in: ${this.text.slice(-1500)}`);
      await sleep(5);
    }
  }

  stop(): void {
    this.#socket.end("</stream:stream>");
  }

  /** After stop(): the server has ended the stream too. */
  async ended(): Promise<void> {
    if (!this.#socket.closed) await once(this.#socket, "close");
  }

  #open(): Promise<string> {
    this.text = "";
    this.send(
      `<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='${this.#domain}' version='1.0'>`,
    );
    return this.until(/<\/stream:features>/);
  }
}
