/** Names and places in the network of the test bed. @module */
import type { Zone } from "../../../chaos/dns_server.ts";

/** The system's resolver asks this one; so do both foreign servers. */
export const DNS = "127.0.0.1:53";
export const OWN = { domain: "ampact.lab", host: "127.0.0.4", port: 5280 } as const;

export const ZONE: Zone = {
  hosts: {
    "prosody.lab": "127.0.0.2",
    "ejabberd.lab": "127.0.0.3",
    "ampact.lab": OWN.host,
    "xmpp.ampact.lab": OWN.host,
  },
  srv: {
    "_xmpp-server._tcp.prosody.lab": { target: "prosody.lab", port: 5269 },
    "_xmpp-server._tcp.ejabberd.lab": { target: "ejabberd.lab", port: 5269 },
    "_xmpp-server._tcp.ampact.lab": { target: "xmpp.ampact.lab", port: OWN.port },
  },
};
