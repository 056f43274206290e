/**
 * Client State Indication, announced here; actors/session/client_state.ts implements it. XEP-0352 v1.0.0 section 3.
 * @module
 */
import { NS } from "../xmpp/ns.ts";
import { xml } from "../xmpp/xml/xml.ts";
import type { ServerModule } from "./module.ts";

export const csi: ServerModule = {
  name: "csi",
  xeps: [{ xep: 352, title: "Client State Indication", version: "1.0.0", status: "complete" }],
  streamFeatures: (stage) => (stage === "bind" ? xml`<csi xmlns="${NS.CSI}"/>` : undefined),
};
