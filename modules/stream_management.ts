/**
 * Stream Management, announced here; actors/session/managed_stream.ts implements it. XEP-0198 v1.6.3 section 3. @module
 */
import { NS } from "../xmpp/ns.ts";
import { xml } from "../xmpp/xml/xml.ts";
import type { ServerModule } from "./module.ts";

export const streamManagement: ServerModule = {
  name: "stream_management",
  xeps: [
    {
      xep: 198,
      title: "Stream Management",
      version: "1.6.3",
      status: "complete",
      note: "between servers without resumption",
    },
  ],
  streamFeatures: (stage) => (stage === "bind" ? xml`<sm xmlns="${NS.SM}"/>` : undefined),
};
