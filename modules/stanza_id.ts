/** Unique and Stable Stanza IDs: announces that delivered messages carry their archive id. XEP-0359 v0.7.0. @module */
import { NS } from "../xmpp/ns.ts";
import type { ServerModule } from "./module.ts";

export const stanzaId: ServerModule = {
  name: "stanza_id",
  xeps: [{ xep: 359, title: "Unique and Stable Stanza IDs", version: "0.7.0", status: "complete" }],
  features: [NS.SID],
  accountFeatures: [NS.SID],
};
