/**
 * Streams between servers, listed here; transport/s2s implements them. RFC 6120, XEP-0178 v1.2 section 3, XEP-0185 v1.0, XEP-0220 v1.1.1,
 * XEP-0288 v1.0.1, XEP-0368 v1.1.0.
 * @module
 */
import type { ServerModule } from "./module.ts";

export const serverStreams: ServerModule = {
  name: "server_streams",
  xeps: [
    {
      xep: 178,
      title: "Best Practices for Use of SASL EXTERNAL with Certificates",
      version: "1.2",
      status: "partial",
      note: "between servers (section 3); certificates for servers only are accepted in both directions",
    },
    { xep: 185, title: "Dialback Key Generation and Validation", version: "1.0", status: "complete" },
    {
      xep: 220,
      title: "Server Dialback",
      version: "1.1.1",
      status: "complete",
      note: "a stream made here serves one pair of domains",
    },
    { xep: 288, title: "Bidirectional Server-to-Server Connections", version: "1.0.1", status: "complete" },
    { xep: 368, title: "SRV records for XMPP over TLS", version: "1.1.0", status: "complete" },
  ],
};
