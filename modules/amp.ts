/**
 * Announces Advanced Message Processing; amp/ and actors/delivery/ implement it. XEP-0079 v1.2 sections 2.1.1 and 8.
 * @module
 */
import { AMP_FEATURES, AMP_NODE, AMP_NODE_IDENTITY, AMP_STREAM_FEATURE } from "../amp/discovery.ts";
import type { ServerModule } from "./module.ts";

export const amp: ServerModule = {
  name: "amp",
  xeps: [{ xep: 79, title: "Advanced Message Processing", version: "1.2", status: "complete" }],
  features: AMP_FEATURES,
  nodes: { [AMP_NODE]: { identities: [AMP_NODE_IDENTITY], features: AMP_FEATURES } },
  streamFeatures: (stage) => (stage === "bind" ? AMP_STREAM_FEATURE : undefined),
};
