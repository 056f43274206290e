/**
 * Entity Capabilities of the server itself: the hash over the domain's disco#info in the stream features.
 * XEP-0115 v1.6.0 section 6.3. The hashes of clients are read by PEP (caps/learnt_caps.ts).
 * @module
 */
import { NS } from "../xmpp/ns.ts";
import { xml } from "../xmpp/xml/xml.ts";
import type { ServerModule } from "./module.ts";

export const caps: ServerModule = {
  name: "caps",
  xeps: [{ xep: 115, title: "Entity Capabilities", version: "1.6.0", status: "partial", note: "without #optimize" }],
  features: [NS.CAPS],
  streamFeatures: (stage, _settings, { caps: { node, ver } }) =>
    stage === "bind" ? xml`<c xmlns="${NS.CAPS}" hash="sha-1" node="${node}" ver="${ver}"/>` : undefined,
};
