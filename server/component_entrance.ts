/** The streams of components and their destination, from the configuration. @module */
import { type AddressInfo, createServer, type Server } from "node:net";
import type { Destination } from "../actors/destination.ts";
import { components } from "../destinations/component/components.ts";
import type { Federation } from "../destinations/federation/federation.ts";
import { ComponentLinks } from "../transport/component/component_links.ts";
import { type ComponentSettings, componentOf } from "../transport/component/component_settings.ts";
import type { Log } from "../xmpp/log.ts";
import { DEFAULT_XML_LIMITS } from "../xmpp/xml/scanned_element.ts";
import type { Config } from "./config.ts";
import { ConfigError } from "./config_error.ts";
import { ListenError } from "./listen_error.ts";

export interface ComponentListenOptions {
  /** The setting `components.host` unless given. */
  readonly host?: string;
  /** The setting `components.port` unless given. 0: any free port, false: off. */
  readonly port?: number | false;
}

export interface ComponentEntranceParts {
  readonly config: Config;
  readonly log: Log;
  readonly newId: () => string;
  readonly schedule: (ms: number, task: () => void) => () => void;
  /** Whether stanzas for that domain have somewhere to go. */
  readonly serves: (domain: string) => boolean;
}

const HOUR_MS = 3_600_000;

export class ComponentEntrance {
  readonly #parts: ComponentEntranceParts;
  readonly #settings: ComponentSettings;
  readonly #servers: Server[] = [];
  readonly #destination: Federation;
  #links: ComponentLinks;

  /** Throws ConfigError where the domain of a component is served otherwise. */
  constructor(parts: ComponentEntranceParts, others: readonly string[]) {
    this.#parts = parts;
    this.#settings = componentSettings(parts.config);
    for (const domain of this.#settings.secrets.keys()) {
      if (!others.includes(domain)) continue;
      throw new ConfigError([
        {
          name: "components.domains",
          value: domain,
          expected: "a domain that is neither among `domains` nor `gateways`",
        },
      ]);
    }
    this.#links = this.#createLinks();
    this.#destination = components({
      links: {
        send: (stanza, options) => this.#links.send(stanza, options),
        close: () => this.close(),
      },
      isComponent: (domain) => componentOf(domain, this.#settings) !== undefined,
      connected: () => this.#links.connected,
      settings: queueSettings(parts.config),
    });
  }

  /** None where no component is configured. */
  get destinations(): readonly Destination[] {
    return this.#settings.secrets.size === 0 ? [] : [this.#destination];
  }

  /** Returns the port; 0: off. Rejects with ListenError. */
  async listen(options: ComponentListenOptions): Promise<number> {
    const { config, log } = this.#parts;
    const { host = config.components.host, port = config.components.port || false } = options;
    if (port === false) return 0;
    const server = createServer((socket) => this.#links.accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error) => reject(new ListenError("TCP", host, port, error)));
      server.listen(port, host, resolve);
    });
    server.removeAllListeners("error").on("error", (error) => log.error("listener failed", { host, port, error }));
    this.#servers.push(server);
    return (server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const server of this.#servers.splice(0)) server.close();
    await this.#links.close();
    this.#links = this.#createLinks();
  }

  #createLinks(): ComponentLinks {
    return new ComponentLinks({
      ...this.#parts,
      settings: this.#settings,
      reaches: this.#parts.serves,
      inbound: { received: (stanza, handled) => this.#destination.received(stanza, handled) },
      joined: (domain) => this.#destination.reachable(domain),
    });
  }
}

function componentSettings({ domains, components, s2s, limits, probe }: Config): ComponentSettings {
  return {
    domains,
    secrets: new Map(Object.entries(components.domains).map(([domain, { secret }]) => [domain, secret])),
    xmlLimits: { ...DEFAULT_XML_LIMITS, maxBytes: limits.stanzaBytes, maxDepth: limits.stanzaDepth },
    strangerBytes: Math.min(limits.stanzaBytesBeforeLogin, limits.stanzaBytes),
    negotiationMs: components.negotiationSeconds * 1000,
    proofMs: components.proofSeconds * 1000,
    probeMs: probe.idleSeconds * 1000,
    strangers: components.strangers,
    strangersPerAddress: components.strangersPerAddress,
    streamsPerComponent: components.streams,
    waitingStanzas: s2s.waitingStanzas,
    waitingUnits: s2s.waitingBytes,
  };
}

/** The bounds of a queue are those of other servers. */
function queueSettings({ components, s2s }: Config) {
  return {
    retryMs: components.retryHours * HOUR_MS,
    queueMessages: s2s.queueMessages,
    queueBytes: s2s.queueBytes,
    queues: s2s.queues,
    answerMs: s2s.answerSeconds * 1000,
    openRequests: s2s.openRequests,
  };
}
