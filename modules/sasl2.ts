/**
 * Extensible SASL Profile, stated here; the protocol itself is the stream's (transport/sasl2). XEP-0388 v1.0.4, and
 * XEP-0440 v1.0.0, which tells its clients what they can bind to, and XEP-0474 v0.5.0, by which they find out whether
 * somebody has changed the offer. No account has tasks to do after authentication.
 * @module
 */
import type { ServerModule } from "./module.ts";

export const sasl2: ServerModule = {
  name: "sasl2",
  xeps: [
    { xep: 388, title: "Extensible SASL Profile", version: "1.0.4", status: "complete" },
    {
      xep: 440,
      title: "SASL Channel-Binding Type Capability",
      version: "1.0.0",
      status: "complete",
      note: "over TCP with SASL2: tls-server-end-point, and tls-exporter on Bun; Deno's node:tls has no exportKeyingMaterial",
    },
    {
      xep: 474,
      title: "SASL SCRAM Downgrade Protection",
      version: "0.5.0",
      status: "complete",
      note: "with SASL2 and with the profile of RFC 6120",
    },
  ],
};
