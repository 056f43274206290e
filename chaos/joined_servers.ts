/** Two servers that find and believe each other: their certificates, and the network between them. @module */
import { freePort } from "../scripts/local_port.ts";
import type { Random } from "./random.ts";
import { ServerNetwork } from "./server_network.ts";
import { TestAuthority } from "./test_authority.ts";

export class JoinedServers {
  readonly network: ServerNetwork;
  readonly #authority = new TestAuthority();
  readonly #ports: readonly number[];
  readonly #domains: readonly string[];
  /** By certificate there is XEP-0198 on the streams, by dialback there is not, and pings prove receipt. */
  readonly #auth: "external" | "dialback";

  private constructor(domains: readonly string[], ports: readonly number[], random: Random) {
    this.#domains = domains;
    this.#ports = ports;
    this.#auth = random.pick(["external", "dialback"] as const);
    this.network = new ServerNetwork(random);
  }

  static async open(domains: readonly string[], random: Random): Promise<JoinedServers> {
    const ports: number[] = [];
    for (const _ of domains) ports.push(await freePort());
    const joined = new JoinedServers(domains, ports, random);
    await joined.network.open(ports);
    return joined;
  }

  close(): void {
    this.network.close();
    this.#authority.remove();
  }

  /** Short times, as for clients. */
  settings(place: number): Readonly<Record<string, string>> {
    const extensions = "extendedKeyUsage=serverAuth,clientAuth";
    const pair = this.#authority.make({ names: `DNS:${this.#domains[place]}`, extensions });
    const { cert, key, ca } = this.#authority.write(`server${place}`, pair);
    return {
      AMPACT_S2S_ENABLED: "true",
      AMPACT_S2S_PORT: String(this.#ports[place]),
      AMPACT_S2S_TLS_PORT: "0",
      AMPACT_S2S_DNS: this.network.dns,
      AMPACT_S2S_AUTH: this.#auth,
      AMPACT_S2S_CA: ca,
      AMPACT_S2S_CONNECT_SECONDS: "2",
      AMPACT_S2S_NEGOTIATION_SECONDS: "3",
      AMPACT_S2S_PROOF_SECONDS: "2",
      AMPACT_S2S_NEGATIVE_SECONDS: "1",
      AMPACT_TLS_CERT: cert,
      AMPACT_TLS_KEY: key,
    };
  }
}
