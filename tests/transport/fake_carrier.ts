import { EventTurn } from "../../transport/event_turn.ts";
import type { StreamSecurity } from "../../transport/sasl/mechanisms.ts";
import { XmppStream } from "../../transport/stream.ts";
import type { StreamCarrier, StreamHeader } from "../../transport/stream_carrier.ts";
import { createStreamLimits } from "../../transport/stream_limits.ts";
import type { StreamError } from "../../xmpp/errors.ts";
import { NS } from "../../xmpp/ns.ts";
import { scanElement } from "../../xmpp/xml/element_reader.ts";
import { bindIq, type FakeServices, fakeServices, plainAuth } from "./fake_services.ts";

/** A stream on no wire at all: what it sends is kept. */
export class FakeCarrier implements StreamCarrier {
  readonly transport: "tcp" | "bosh" | "websocket";
  address = "192.0.2.1";
  security: StreamSecurity = { encrypted: true, loopback: false };
  startTlsOffer: "none" | "optional" | "required" = "none";
  readonly services: FakeServices;
  readonly stream: XmppStream;
  /** "header", "restart" and "tls" stand for those calls, "end" for close(). */
  sent: string[] = [];
  headers: StreamHeader[] = [];
  closedWith: StreamError | undefined;
  isClosed = false;

  constructor(
    services = fakeServices(),
    transport: "tcp" | "bosh" | "websocket" = "tcp",
    limits = createStreamLimits(services),
  ) {
    this.services = services;
    this.transport = transport;
    this.stream = new XmppStream({ services, limits, turn: new EventTurn(services.sessions) }, this);
  }

  get secure(): boolean {
    return this.security.encrypted;
  }
  readonly backlog = 0;

  send(text: string): void {
    this.sent.push(text);
  }
  sendHeader(header: StreamHeader): void {
    this.headers.push(header);
    this.sent.push("header");
  }
  identified(): void {}
  expectHeader(): void {
    this.sent.push("restart");
  }
  startTls(): void {
    this.sent.push("tls");
    this.security = { encrypted: true, loopback: false };
    this.startTlsOffer = "none";
  }
  probe(): boolean {
    return false;
  }
  close(error?: StreamError): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.closedWith = error;
    this.sent.push("end");
    this.stream.lost();
  }
  pause(): void {
    this.stream.hold();
  }
  resume(): void {
    this.stream.release();
  }

  // The client's side

  open(header: { to?: string; from?: string; version?: string } = {}): void {
    this.stream.open({ to: "localhost", from: undefined, version: "1.0", ...header });
  }

  /** Hands the element over, and lets what waits for credentials or the session come to its end. */
  async receive(text: string): Promise<void> {
    this.hand(text);
    await settled();
  }

  /** Hands the element over, and waits for nothing. */
  hand(text: string): void {
    this.stream.receive(scanElement(text, this.services.settings.xmlLimits, new Map([["", NS.CLIENT]])));
  }

  async authenticate(): Promise<void> {
    this.open();
    await this.receive(plainAuth("user"));
    await waitFor(() => this.sent.includes("restart") || this.isClosed);
    this.open();
  }

  async bind(): Promise<void> {
    await this.authenticate();
    await this.receive(bindIq());
    this.sent = [];
  }

  take(): string[] {
    const sent = this.sent;
    this.sent = [];
    return sent;
  }
}

export async function settled(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}

export async function waitFor(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 2000; i++) {
    if (condition()) return;
    await new Promise<void>((resolve) => setTimeout(resolve, 1));
  }
  throw new Error("waited in vain");
}
