/**
 * Streams between servers and of components, listed here; transport/s2s and transport/component implement them. RFC 6120, XEP-0114 v1.6, XEP-0178 v1.2 section 3, XEP-0185 v1.0, XEP-0220 v1.1.1,
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
    {
      xep: 114,
      title: "Jabber Component Protocol",
      version: "1.6",
      status: "complete",
      note: "jabber:component:accept; transport/component implements it",
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
