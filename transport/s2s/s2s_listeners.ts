/** Listens for other servers: STARTTLS and direct TLS, on both runtimes through node:net. @module */
import { type AddressInfo, createServer, type Server } from "node:net";
import type { Log } from "../../xmpp/log.ts";
import type { ServerLinks } from "./server_links.ts";

export interface S2sListenOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Direct TLS: XEP-0368. */
  readonly direct: boolean;
}

export class S2sListeners {
  readonly #links: ServerLinks;
  readonly #log: Log;
  readonly #servers: Server[] = [];

  constructor(links: ServerLinks, log: Log) {
    this.#links = links;
    this.#log = log;
  }

  /** Returns the port. Rejects when it cannot listen. */
  async listen({ host, port, direct }: S2sListenOptions): Promise<number> {
    const server = createServer((socket) => this.#links.accept(socket, direct));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, host, () => {
        server.off("error", reject);
        resolve();
      });
    });
    server.on("error", (error) => this.#log.error("listener failed", { host, port, error }));
    this.#servers.push(server);
    return (server.address() as AddressInfo).port;
  }

  /** Accepts no more connections. */
  close(): void {
    for (const server of this.#servers.splice(0)) server.close();
  }
}
