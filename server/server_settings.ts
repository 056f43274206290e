/** Settings of the actors and the transports, from the configuration. @module */
import type { NodeSettings } from "../actors/node.ts";
import type { S2sSettings } from "../transport/s2s/s2s_settings.ts";
import type { StreamSettings } from "../transport/stream_services.ts";
import { DEFAULT_XML_LIMITS } from "../xmpp/xml/scanned_element.ts";
import type { Config } from "./config.ts";

export const SOFTWARE = { name: "ampact", version: "0.1.0" };

const DAY_MS = 86_400_000;

export function nodeSettings(config: Config): NodeSettings {
  const { limits } = config;
  return {
    domains: config.domains,
    of: config.of,
    software: SOFTWARE,
    registration: config.registration,
    scramRounds: config.auth.scramRounds,
    archive: config.archive.enabled,
    offline: config.offline.enabled,
    rosterItems: limits.rosterItems,
    contacts: config.contact,
    presencePolicy: config.amp.presencePolicy,
    ruleLimits: { maxRules: config.amp.maxRules, maxHorizonMs: config.amp.maxHorizonDays * DAY_MS },
    resumeMs: config.sm.resumeSeconds * 1000,
    probeTimeoutMs: config.probe.timeoutSeconds * 1000,
    idleMs: config.probe.idleSeconds * 1000,
    resourcesPerUser: limits.resourcesPerUser || Number.POSITIVE_INFINITY,
    mailboxMessages: limits.mailboxMessages || Number.POSITIVE_INFINITY,
    mailboxBytes: limits.mailboxBytes || Number.POSITIVE_INFINITY,
    unprovedMessages: limits.sessionUnprovenMessages || Number.POSITIVE_INFINITY,
    unprovedBytes: limits.sessionUnprovenBytes || Number.POSITIVE_INFINITY,
    accountUnprovedBytes: limits.accountUnprovenBytes,
    offlineLimits: {
      messages: limits.offlineMessages,
      fromSender: limits.offlineMessagesFromSender || Number.POSITIVE_INFINITY,
      fromStrangers: limits.offlineMessagesFromStrangers || Number.POSITIVE_INFINITY,
      bytes: limits.offlineBytes,
    },
    unprovenDeliveries: config.offline.unprovenDeliveries,
    tracking: config.outcomes.track,
    outcomesKeepMs: config.outcomes.keepDays * DAY_MS,
    archiveKeepMs: config.archive.keepDays * DAY_MS,
    archiveKeepMessages: config.archive.keepMessages,
    budget: {
      stanzasPerSecond: limits.stanzasPerSecond,
      stanzaBurst: limits.stanzaBurst,
      bytesPerSecond: limits.bytesPerSecond,
      byteBurst: limits.byteBurst,
      workPerSecond: limits.workMsPerSecond,
    },
    pendingDelayMs: config.store.pendingDelayMs,
  };
}

export function streamSettings(config: Config): StreamSettings {
  const { limits, auth } = config;
  return {
    domains: config.domains,
    plainWithoutTls: auth.plainWithoutTls,
    anonymous: auth.anonymous,
    maxAttempts: auth.maxAttempts,
    scramRounds: auth.scramRounds,
    xmlLimits: { ...DEFAULT_XML_LIMITS, maxBytes: limits.stanzaBytes, maxDepth: limits.stanzaDepth },
    strangerStanzaBytes: Math.min(limits.stanzaBytesBeforeLogin, limits.stanzaBytes),
    negotiationMs: limits.negotiationSeconds * 1000,
    failedLogins: {
      perAddressMinute: limits.loginsPerMinutePerAddress,
      perAddressAndAccountMinute: limits.loginsPerMinutePerAddressAndAccount,
      perAccountHour: limits.loginsPerHourPerAccount,
    },
    registrationsPerHour: limits.registrationsPerHourPerAddress,
    connectionsPerAddress: limits.connectionsPerAddress,
    uploadsPerAddress: limits.httpUploadsPerAddress,
    bosh: config.bosh,
    publicUrl: config.http.publicUrl === "" ? undefined : config.http.publicUrl,
    proxyProtocol: config.c2s.proxyProtocol,
    allowedOrigins: config.http.allowedOrigins,
    trustedProxies: config.http.trustedProxies,
  };
}

export function s2sSettings(config: Config): S2sSettings {
  const { s2s, limits, probe, components } = config;
  return {
    // Components speak with other servers through this one.
    domains: [...config.domains, ...Object.keys(components.domains)],
    auth: s2s.auth,
    requireTls: s2s.requireTls,
    allow: s2s.allow,
    deny: s2s.deny,
    require: s2s.require,
    bidi: s2s.bidi,
    xmlLimits: { ...DEFAULT_XML_LIMITS, maxBytes: limits.stanzaBytes, maxDepth: limits.stanzaDepth },
    strangerBytes: Math.min(limits.stanzaBytesBeforeLogin, limits.stanzaBytes),
    negotiationMs: s2s.negotiationSeconds * 1000,
    connectMs: s2s.connectSeconds * 1000,
    proofMs: s2s.proofSeconds * 1000,
    probeMs: probe.idleSeconds * 1000,
    idleMs: s2s.idleSeconds * 1000,
    attempts: s2s.attempts,
    waitingAttempts: s2s.waitingAttempts,
    negativeMs: s2s.negativeSeconds * 1000,
    strangers: s2s.strangers,
    strangersPerAddress: s2s.strangersPerAddress,
    streamsPerDomain: s2s.streamsPerDomain,
    pendingKeys: s2s.pendingKeys,
    stanzasPerSecond: s2s.stanzasPerSecond,
    stanzaBurst: s2s.stanzaBurst,
    bytesPerSecond: s2s.bytesPerSecond,
    byteBurst: s2s.byteBurst,
    waitingStanzas: s2s.waitingStanzas,
    waitingUnits: s2s.waitingBytes,
  };
}
