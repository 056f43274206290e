/** The destination of other domains, from the configuration. @module */
import { Federation } from "../destinations/federation/federation.ts";
import type { Inbound, Links } from "../destinations/federation/links.ts";
import { covers, DomainPolicy } from "../transport/s2s/domain_policy.ts";
import type { Config } from "./config.ts";
import { s2sSettings } from "./server_settings.ts";

/** Streams that tell somebody what comes over them. */
export interface ConnectedLinks extends Links {
  connect(inbound: Inbound): void;
}

const HOUR_MS = 3_600_000;

export function createFederation(config: Config, links: ConnectedLinks): Federation {
  const { domains, s2s } = config;
  const policy = new DomainPolicy(s2sSettings(config));
  const federation = new Federation({
    links,
    mayReach: (domain) => policy.refusal(domain) === undefined,
    isOwn: (domain) => domains.includes(domain),
    settings: {
      retryMs: s2s.retryHours * HOUR_MS,
      ampMode: (domain) =>
        s2s.ampExceptions.some((pattern) => covers(pattern, domain)) ? otherMode(s2s.amp) : s2s.amp,
      queueMessages: s2s.queueMessages,
      queueBytes: s2s.queueBytes,
      queues: s2s.queues,
      answerMs: s2s.answerSeconds * 1000,
      openRequests: s2s.openRequests,
    },
  });
  links.connect(federation);
  return federation;
}

function otherMode(mode: "strict" | "local"): "strict" | "local" {
  return mode === "strict" ? "local" : "strict";
}
