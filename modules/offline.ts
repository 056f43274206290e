/**
 * Offline messages: announces that the server stores them. XEP-0160 v1.0.1. archive_policy.ts tells which are stored;
 * actors/delivery/offline_delivery.ts offers them again.
 * @module
 */
import { NS } from "../xmpp/ns.ts";
import type { ServerModule } from "./module.ts";

export const offline: ServerModule = {
  name: "offline",
  xeps: [{ xep: 160, title: "Best Practices for Handling Offline Messages", version: "1.0.1", status: "complete" }],
  features: (settings) => (settings.offline ? [NS.OFFLINE] : []),
};
