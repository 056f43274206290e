import { Duplex } from "node:stream";
import type { TcpListeners } from "../../transport/tcp/tcp_listeners.ts";
import { NS } from "../../xmpp/ns.ts";
import { xml } from "../../xmpp/xml/xml.ts";
import { LocalClient } from "./local_client.ts";

/** Over what is to the server an accepted TCP connection. */
export class LocalTcpClient extends LocalClient {
  readonly #socket: LocalSocket;

  constructor(listeners: TcpListeners) {
    super();
    this.#socket = new LocalSocket((text) => this.hear(text));
    listeners.accept(this.#socket, "starttls");
  }

  protected header(domain: string): string {
    return xml`<?xml version="1.0"?><stream:stream to="${domain}" version="1.0" xmlns="${NS.CLIENT}" xmlns:stream="${NS.STREAM}">`
      .text;
  }

  say(text: string): void {
    this.#socket.push(text, "utf8");
  }

  vanish(): void {
    this.#socket.destroy();
  }
}

class LocalSocket extends Duplex {
  readonly remoteAddress = "127.0.0.1";
  readonly #hear: (text: string) => void;

  constructor(hear: (text: string) => void) {
    super({ decodeStrings: false });
    this.#hear = hear;
  }

  setNoDelay(): void {}

  setKeepAlive(): void {}

  /** Reads nothing by itself: what the client says is pushed. */
  override _read(): void {}

  override _write(text: string, _encoding: string, done: () => void): void {
    this.#hear(text);
    done();
  }
}
