/** XMPP Ping: answers "are you there?". XEP-0199 v2.0.1 section 4.2. @module */
import { NS } from "../xmpp/ns.ts";
import { get, type ServerModule } from "./module.ts";

export const ping: ServerModule = {
  name: "ping",
  xeps: [{ xep: 199, title: "XMPP Ping", version: "2.0.1", status: "complete" }],
  features: [NS.PING],
  accountFeatures: [NS.PING],
  iq: { [get(NS.PING, "ping")]: () => undefined },
};
