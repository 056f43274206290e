/** The listener for components on a free port, with a record of what comes over it. @module */
import { type AddressInfo, createServer, type Server } from "node:net";
import { ComponentLinks } from "../../../transport/component/component_links.ts";
import type { ComponentSettings } from "../../../transport/component/component_settings.ts";
import { handshakeDigest } from "../../../transport/component/handshake.ts";
import { NS } from "../../../xmpp/ns.ts";
import { Stanza } from "../../../xmpp/stanza.ts";
import { DEFAULT_XML_LIMITS } from "../../../xmpp/xml/scanned_element.ts";
import { xml } from "../../../xmpp/xml/xml.ts";
import { header, RawPeer } from "../s2s/raw_peer.ts";

export const SECRET = "a secret of components";
export const DOMAIN = "gw.a.lab";

export const SETTINGS: ComponentSettings = {
  domains: ["a.lab"],
  secrets: new Map([[DOMAIN, SECRET]]),
  xmlLimits: { ...DEFAULT_XML_LIMITS, maxBytes: 20_000 },
  strangerBytes: 10_000,
  negotiationMs: 60_000,
  proofMs: 60_000,
  probeMs: 60_000,
  strangers: 10,
  strangersPerAddress: 5,
  streamsPerComponent: 3,
  waitingStanzas: 100,
  waitingUnits: 100_000,
};

export class ComponentEnd {
  /** Of the log. */
  readonly records: string[] = [];
  readonly received: Stanza[] = [];
  readonly joined: string[] = [];
  readonly links: ComponentLinks;
  readonly #server: Server;
  #ids = 0;

  private constructor(settings: Partial<ComponentSettings>) {
    this.links = new ComponentLinks({
      settings: { ...SETTINGS, ...settings },
      inbound: {
        received: (stanza, handled) => {
          this.received.push(stanza);
          handled();
        },
      },
      reaches: (domain) => domain === "a.lab" || domain === DOMAIN,
      joined: (domain) => this.joined.push(domain),
      log: {
        debug: (...record) => this.#record(record),
        info: (...record) => this.#record(record),
        warn: (...record) => this.#record(record),
        error: (...record) => this.#record(record),
      },
      newId: () => `id-${++this.#ids}`,
      schedule(ms, task) {
        const timer = setTimeout(task, ms);
        return () => clearTimeout(timer);
      },
    });
    this.#server = createServer((socket) => this.links.accept(socket));
  }

  static async start(settings: Partial<ComponentSettings> = {}): Promise<ComponentEnd> {
    const end = new ComponentEnd(settings);
    await new Promise<void>((resolve) => end.#server.listen(0, "127.0.0.1", resolve));
    return end;
  }

  #record([what, record]: readonly [what: string, record?: object | undefined]): void {
    this.records.push(`${what} ${JSON.stringify(record)}`);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.#server.close();
    await this.links.close();
  }

  connects(): Promise<RawPeer> {
    return RawPeer.connect(this.port);
  }

  /** A component whose handshake is done. */
  async component(): Promise<RawPeer> {
    const peer = await this.connects();
    await peer.ask(componentHeader(), "<stream:stream");
    await peer.ask(handshake(peer), "<handshake/>");
    return peer;
  }

  sends(body: string, proof = true): Promise<void> {
    const text = xml`<message xmlns="${NS.CLIENT}" from="romeo@a.lab" to="bot@${DOMAIN}"><body>${body}</body></message>`;
    return this.links.send(Stanza.parse(text.text), { proof });
  }
}

export function componentHeader(to = DOMAIN, ns: string = NS.COMPONENT): string {
  return header({ from: "", to, version: "", ns });
}

export function handshake(peer: RawPeer, secret = SECRET): string {
  return `<handshake>${handshakeDigest(peer.streamId, secret)}</handshake>`;
}
