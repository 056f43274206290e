/**
 * Extensible SASL Profile, listed here; transport/sasl2 implements it. XEP-0388 v1.0.4, XEP-0440 v1.0.0 (channel
 * bindings), XEP-0474 v0.5.0 (detects a changed offer of mechanisms). There are no tasks after authentication.
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
