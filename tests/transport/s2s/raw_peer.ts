/** A peer that writes its part of a stream between servers by hand. @module */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { CertificatePem } from "../../../transport/tcp/tls_certificate.ts";
import { NS } from "../../../xmpp/ns.ts";
import { until } from "./link_end.ts";

export interface HeaderWish {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly version?: string | undefined;
  readonly ns?: string;
}

export function header({ from = "b.lab", to = "a.lab", version = "1.0", ns = NS.SERVER }: HeaderWish = {}): string {
  const attributes = Object.entries({ from, to, version }).map(([name, value]) =>
    value === "" ? "" : ` ${name}='${value}'`,
  );
  return `<?xml version='1.0'?><stream:stream xmlns='${ns}' xmlns:db='${NS.DIALBACK}' xmlns:stream='${NS.STREAM}'${attributes.join("")}>`;
}

export class RawPeer {
  text = "";
  isClosed = false;
  #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen();
  }

  static async connect(port: number, host = "127.0.0.1"): Promise<RawPeer> {
    const socket = connect(port, host);
    await once(socket, "connect");
    return new RawPeer(socket);
  }

  /** With a stream whose features have come. */
  static async open(port: number, wish: HeaderWish = {}): Promise<RawPeer> {
    const peer = await RawPeer.connect(port);
    await peer.ask(header(wish), "</stream:features>");
    return peer;
  }

  /** The same over TLS; rejects when the handshake fails. */
  static async secure(port: number, certificate?: CertificatePem, wish: HeaderWish = {}): Promise<RawPeer> {
    const peer = await RawPeer.open(port, wish);
    await peer.ask(`<starttls xmlns='${NS.TLS}'/>`, "<proceed");
    await peer.startTls(certificate);
    peer.send(header(wish));
    await until(
      () => peer.isClosed || peer.text.includes("</stream:features>") || peer.text.includes("</stream:error>"),
    );
    return peer;
  }

  /** Authenticated by EXTERNAL. */
  static async authenticated(port: number, certificate: CertificatePem, wish: HeaderWish = {}): Promise<RawPeer> {
    const peer = await RawPeer.secure(port, certificate, wish);
    await peer.ask(`<auth xmlns='${NS.SASL}' mechanism='EXTERNAL'>=</auth>`, "<success");
    await peer.ask(header(wish), "</stream:features>");
    return peer;
  }

  async startTls(certificate?: CertificatePem): Promise<void> {
    this.#socket.removeAllListeners("data").removeAllListeners("close").removeAllListeners("error");
    const tls = connectTls({ socket: this.#socket, rejectUnauthorized: false, servername: "a.lab", ...certificate });
    this.#socket = tls;
    this.text = "";
    await Promise.race([once(tls, "secureConnect"), once(tls, "close")]);
    this.#listen();
  }

  /** The id that the other side has given its stream. */
  get streamId(): string {
    return [...this.text.matchAll(/<stream:stream [^>]* id="([^"]+)"/g)].at(-1)?.[1] ?? "";
  }

  send(text: string): void {
    this.#socket.write(text);
  }

  /** Sends, and waits until that part has come in the answer. */
  async ask(text: string, part: string): Promise<string> {
    const before = this.text.length;
    this.send(text);
    await until(() => this.text.includes(part, before) || this.isClosed);
    return this.text.slice(before);
  }

  /** Sends, and waits for the end. */
  async askLast(text: string): Promise<string> {
    this.send(text);
    await until(() => this.isClosed);
    return this.text;
  }

  stop(): void {
    this.#socket.destroy();
  }

  #listen(): void {
    this.#socket.on("data", (bytes) => {
      this.text += bytes.toString();
    });
    this.#socket.on("close", () => {
      this.isClosed = true;
    });
    this.#socket.on("error", () => {
      this.isClosed = true;
    });
  }
}
