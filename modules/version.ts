/** Software Version. XEP-0092 v1.1. The operating system is left out, as section 4 allows. @module */
import { NS } from "../xmpp/ns.ts";
import { xml } from "../xmpp/xml/xml.ts";
import { get, type ServerModule } from "./module.ts";

export const version: ServerModule = {
  name: "version",
  xeps: [{ xep: 92, title: "Software Version", version: "1.1", status: "complete" }],
  features: [NS.VERSION],
  serverIq: {
    [get(NS.VERSION, "query")]: (_iq, { settings: { software } }) => xml`
      <query xmlns="${NS.VERSION}">
        <name>${software.name}</name>
        <version>${software.version}</version>
      </query>`,
  },
};
