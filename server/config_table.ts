/**
 * Every configuration key but those that modules declare, once. The type `Config`, the checks, the environment variables and `--help` derive from here.
 * A key `a.b_c` is `b_c` in the file's table `[a]`, AMPACT_A_B_C in the environment and `config.a.bC` in code.
 * @module
 */

import type { ReadValue } from "../modules/setting.ts";
import {
  boolean,
  choice,
  domainList,
  integer,
  liftable,
  networkList,
  optionalText,
  originList,
  text,
  uriList,
} from "../modules/setting.ts";
import { DEFAULT_SCRAM_ROUNDS, MIN_SCRAM_ROUNDS } from "../xmpp/scram_keys.ts";
import { componentDomains } from "./component_setting.ts";
import { gatewaySetting } from "./gateway_setting.ts";
import { objectiveSetting } from "./objectives/objective_setting.ts";
import { authList, dnsServers, domainPatterns, requirements } from "./s2s_setting.ts";
import { webhookSetting } from "./webhooks/webhook_setting.ts";

const DAY_SECONDS = 86_400;
const HOST = /^[^\s/]+$/;
const MEBIBYTE = 1_048_576;

export const SETTINGS = {
  domains: domainList(["localhost"], "the domains served; separated by commas in the environment"),
  data_dir: text(/./, "the path of a folder", "data", "the folder of the database and the self-signed certificate"),
  registration: choice(
    ["open", "local", "closed"],
    { text: "local when the only domain is localhost, else closed", compute: defaultRegistration },
    "who may register accounts with a client (XEP-0077): everybody, clients on this machine, or nobody",
  ),

  "http.host": text(HOST, "a host name or an IP address", "127.0.0.1", "address of WebSocket, BOSH and host-meta"),
  "http.port": integer(0, 65_535, 5280, "port of WebSocket, BOSH and host-meta; 0: any free port"),
  "http.public_url": optionalText(
    /^https?:\/\/[^\s/]+(\/\S*)?$/,
    "an http: or https: URL",
    "taken from the request",
    "base URL for clients, announced by host-meta (XEP-0156); needed behind a proxy",
  ),
  "http.allowed_origins": originList(
    "origins of web pages that may connect, * for any; with none: any origin, but on this machine only its own pages and those of the domains",
  ),
  "http.trusted_proxies": networkList(
    "trusted reverse proxies, for X-Forwarded-For and -Proto; one on this machine is always trusted",
  ),
  "c2s.host": text(HOST, "a host name or an IP address", "127.0.0.1", "address of the TCP listeners"),
  "c2s.port": integer(0, 65_535, 5222, "TCP with STARTTLS; 0: off"),
  "c2s.tls_port": integer(0, 65_535, 5223, "TCP with direct TLS (XEP-0368); 0: off"),
  "c2s.proxy_protocol": boolean(
    false,
    "whether TCP connections from http.trusted_proxies and this machine begin with a PROXY header (version 1 or 2)",
  ),
  "s2s.enabled": boolean(false, "whether stanzas go to and come from the servers of other domains (RFC 6120)"),
  "s2s.host": text(
    HOST,
    "a host name or an IP address",
    { text: "c2s.host", compute: (value) => value("c2s.host") as string },
    "address of the listeners for other servers",
  ),
  "s2s.port": integer(0, 65_535, 5269, "port for other servers with STARTTLS; 0: off"),
  "s2s.tls_port": integer(0, 65_535, 5270, "port for other servers with direct TLS (XEP-0368); 0: off"),
  "s2s.auth": authList(
    ["external", "dialback"],
    "how other servers prove their domain, and this one its own, in the order tried: by certificate (SASL EXTERNAL), by dialback (XEP-0220)",
  ),
  "s2s.require_tls": boolean(true, "whether streams between servers need TLS"),
  "s2s.ca": optionalText(
    /./,
    "the path of a file",
    "none",
    "certificates of authorities, PEM, that are trusted beside those of the runtime",
  ),
  "s2s.allow": domainPatterns("the only domains that may be spoken to; with none: all"),
  "s2s.deny": domainPatterns("domains that may not be spoken to"),
  "s2s.require": requirements(
    "what is asked of single domains in place of s2s.auth and s2s.require_tls; JSON in the environment",
  ),
  "s2s.bidi": boolean(true, "whether one stream may carry stanzas both ways (XEP-0288)"),
  "s2s.dns": dnsServers("DNS servers that are asked for other servers"),
  "s2s.connect_seconds": integer(1, 300, 10, "how long one address of another server may take to accept a connection"),
  "s2s.negotiation_seconds": integer(1, 300, 30, "how long a stream between servers may take to be authenticated"),
  "s2s.proof_seconds": integer(1, 3600, 30, "how long another server may take to prove receipt before the stream ends"),
  "s2s.idle_seconds": integer(0, DAY_SECONDS, 900, "time without a stanza after which a stream is closed; 0: never"),
  "s2s.negative_seconds": integer(1, DAY_SECONDS, 60, "how long it is remembered that a domain has no server"),
  "s2s.attempts": integer(1, 10_000, 50, "other servers that are being connected to at once"),
  "s2s.waiting_attempts": integer(0, 1_000_000, 1000, "further ones that wait for their turn; beyond: unreachable"),
  "s2s.retry_hours": integer(
    1,
    72,
    1,
    "how long a message is tried at the server of another domain before its sender gets an error",
  ),
  "s2s.amp": choice(
    ["strict", "local"],
    "strict",
    "messages with rules to servers without XEP-0079: refused (section 2.2.4), or, where this server can decide all of their rules, sent without",
  ),
  "s2s.amp_exceptions": domainPatterns("domains for which the other value of s2s.amp holds"),
  "s2s.queue_messages": integer(10, 10_000, 10_000, "messages that wait for the server of one domain"),
  "s2s.queue_bytes": integer(MEBIBYTE, 1024 * MEBIBYTE, 32 * MEBIBYTE, "the same in bytes"),
  "s2s.queues": integer(1, 1_000_000, 1000, "domains that messages wait for at a time"),
  "s2s.answer_seconds": integer(
    1,
    DAY_SECONDS,
    300,
    "how long an IQ request to another server may stay unanswered before its sender gets remote-server-timeout",
  ),
  "s2s.open_requests": integer(1, 10_000_000, 10_000, "IQ requests to other servers that are not answered yet"),
  "s2s.strangers": liftable(500, "streams of other servers that are not authenticated yet"),
  "s2s.strangers_per_address": liftable(20, "the same of one address"),
  "s2s.streams_per_domain": liftable(50, "authenticated streams of one domain"),
  "s2s.pending_keys": integer(1, 1000, 5, "dialback keys of one stream that are being verified"),
  "s2s.stanzas_per_second": liftable(500, "stanzas a second that are read from one domain, after the burst"),
  "s2s.stanza_burst": integer(1, 10_000_000, 2000, "stanzas that a domain may send at once"),
  "s2s.bytes_per_second": liftable(MEBIBYTE, "the same in bytes: the rate"),
  "s2s.byte_burst": integer(10_000, 1024 * MEBIBYTE, 8 * MEBIBYTE, "the same in bytes: the burst"),
  "s2s.waiting_stanzas": integer(
    1,
    1_000_000,
    10_000,
    "stanzas towards one domain without proof of receipt, and of one stream that are not handled yet",
  ),
  "s2s.waiting_bytes": integer(10_000, 1024 * MEBIBYTE, 32 * MEBIBYTE, "the same in bytes"),

  "components.domains": componentDomains(
    "domains of components, which connect with a shared secret (XEP-0114); JSON in the environment",
  ),
  "components.host": text(
    HOST,
    "a host name or an IP address",
    "127.0.0.1",
    "address of the listener for components; their streams have no TLS",
  ),
  "components.port": integer(0, 65_535, 0, "port for components, usually 5347; 0: off"),
  "components.retry_hours": integer(
    1,
    8760,
    72,
    "how long a message to a component is kept and tried before its sender gets an error",
  ),
  "components.proof_seconds": integer(
    1,
    3600,
    30,
    "how long a component may take to answer a ping, which proves receipt of what was sent before, until its stream ends",
  ),
  "components.negotiation_seconds": integer(1, 300, 10, "how long a connection may take to the end of its handshake"),
  "components.streams": integer(1, 1000, 10, "streams of one component; beyond, the oldest ends"),
  "components.strangers": liftable(100, "connections to the listener for components that are not authenticated yet"),
  "components.strangers_per_address": liftable(20, "the same of one address"),

  "tls.cert": optionalText(
    /./,
    "the path of a file",
    "made at first start, self-signed",
    "certificate chain, PEM; goes with tls.key",
  ),
  "tls.key": optionalText(/./, "the path of a file", "made at first start", "private key of tls.cert, PEM"),

  "store.url": text(
    /^sqlite:./,
    "sqlite:<file> or sqlite::memory:",
    { text: "sqlite:<data_dir>/ampact.db", compute: (value) => `sqlite:${value("data_dir")}/ampact.db` },
    "the database",
  ),
  "store.key_file": text(
    /./,
    "the path of a file",
    { text: "<store.url's file>.key", compute: (value) => `${String(value("store.url")).replace(/^sqlite:/, "")}.key` },
    "the file of the key that seals password keys and tokens in the database; made at first start; back it up apart from the database",
  ),
  "store.pending_delay_ms": integer(
    0,
    10_000,
    250,
    "longest delay of a write without a waiting caller, to share a commit",
  ),

  "auth.plain_without_tls": choice(
    ["never", "loopback", "always"],
    "loopback",
    "which clients may use SASL PLAIN without TLS",
  ),
  "auth.anonymous": boolean(false, "whether SASL ANONYMOUS is offered (XEP-0175)"),
  "auth.scram_rounds": integer(
    MIN_SCRAM_ROUNDS,
    10_000_000,
    DEFAULT_SCRAM_ROUNDS,
    "rounds of PBKDF2 for stored passwords (RFC 5802); keys with fewer are renewed at the next login with SASL PLAIN",
  ),
  "auth.max_attempts": integer(1, 100, 5, "failed logins before a connection is closed"),

  "archive.enabled": boolean(true, "whether messages are archived (XEP-0313)"),
  "archive.keep_days": integer(0, 36_500, 365, "age at which archived messages are deleted; 0: never"),
  "archive.keep_messages": integer(0, Number.MAX_SAFE_INTEGER, 0, "archived messages kept for an account; 0: all"),
  "offline.enabled": boolean(true, "whether messages to offline users are stored (XEP-0160)"),
  "offline.unproven_deliveries": integer(
    0,
    1000,
    3,
    "deliveries of an archived message to a client that never proves receipt and ends its streams in order, after which it is not offered again; 0: no bound",
  ),

  "amp.presence_policy": choice(
    ["subscribed", "open"],
    "subscribed",
    "who may ask for reports: those who may see the recipient's presence, or everybody (XEP-0079 section 9)",
  ),
  "amp.max_rules": integer(1, 1000, 32, "rules accepted in one message"),
  "amp.max_horizon_days": integer(1, 36_525, 36_525, "how far in the future an expire-at may be"),

  "outcomes.track": choice(
    ["asked", "all", "none"],
    "asked",
    "which messages have a timeline: those with rules and those of the application, all, or none",
  ),
  "outcomes.keep_days": integer(1, 36_500, 30, "age at which timelines are deleted"),

  "outcomes.objectives": objectiveSetting(
    "how soon which share of messages is to be proved received: budgets in metrics, log and webhooks; JSON in the environment",
  ),
  "outcomes.webhooks": webhookSetting(
    "who is told over HTTP what became of messages (Standard Webhooks); JSON in the environment",
  ),

  gateways: gatewaySetting("domains served by a webhook (XEP-0079 deliver=gateway); JSON in the environment"),

  "sm.resume_seconds": integer(0, DAY_SECONDS, 300, "how long a broken session can be resumed (XEP-0198)"),
  "probe.idle_seconds": integer(5, DAY_SECONDS, 120, "silence after which a connection is probed"),
  "probe.timeout_seconds": integer(1, 3600, 30, "how long the answer may take before the connection counts as dead"),

  "bosh.wait_max": integer(1, 3600, 60, "longest `wait` granted, seconds (XEP-0124)"),
  "bosh.hold_max": integer(1, 10, 2, "most requests held at a time"),
  "bosh.inactivity": integer(1, 3600, 60, "seconds without a request before a BOSH session ends"),
  "bosh.requests": integer(2, 11, 2, "requests a client may have open at a time"),
  "bosh.polling": integer(0, 3600, 2, "shortest interval of a polling client, seconds"),
  "bosh.pause_max": integer(0, 3600, 120, "longest pause granted, seconds"),

  "limits.profile": choice(
    ["default", "bench"],
    "default",
    "bench lifts limits of rate, and for one address or sender, for load tests on one machine",
  ),
  "limits.stanza_bytes": integer(10_000, 64 * MEBIBYTE, 262_144, "size of one stanza (RFC 6120 section 13.12)"),
  "limits.stanza_bytes_before_login": integer(
    10_000,
    64 * MEBIBYTE,
    16_384,
    "the same before a client has logged in, and of a BOSH request; never more than limits.stanza_bytes",
  ),
  "limits.stanza_depth": integer(4, 1000, 32, "depth of one stanza's elements"),
  "limits.stanzas_per_second": liftable(
    100,
    "stanzas a second that the server reads from all sessions of an account together, after the burst",
  ),
  "limits.stanza_burst": integer(1, 10_000_000, 1000, "stanzas that an account may send at once"),
  "limits.bytes_per_second": liftable(65_536, "the same in bytes: the rate"),
  "limits.work_ms_per_second": liftable(
    20,
    "the same in milliseconds of work on stanzas that take 5 or more each, beyond a burst of 300",
  ),
  "limits.byte_burst": integer(10_000, 1024 * MEBIBYTE, 2 * MEBIBYTE, "the same in bytes: the burst"),
  "limits.logins_per_minute_per_address": liftable(
    60,
    "failed logins a minute from one address to accounts that have not logged in from there; tenfold for proxies and loopback",
  ),
  "limits.logins_per_minute_per_address_and_account": liftable(
    10,
    "failed logins a minute to one account from one address, or from one client that has logged in before",
  ),
  "limits.logins_per_hour_per_account": liftable(
    200,
    "failed logins an hour to one account from where it has not logged in before",
  ),
  "limits.negotiation_seconds": integer(5, 3600, 60, "how long a connection may take to log in"),
  "limits.connections_per_address": liftable(1000, "connections from one address at a time"),
  "limits.http_uploads_per_address": liftable(100, "HTTP requests from one address that are still being received"),
  "limits.registrations_per_hour_per_address": liftable(20, "accounts registered an hour from one address"),
  "limits.resources_per_user": integer(1, 10_000, 20, "sessions of one account at a time"),
  "limits.roster_items": integer(1, 1_000_000, 5000, "contacts in one roster"),
  "limits.account_bytes": integer(
    MEBIBYTE,
    Number.MAX_SAFE_INTEGER,
    256 * MEBIBYTE,
    "bytes of one account's archive, PEP, vCard and private XML; all but the archive a quarter at most; a full archive loses its oldest messages",
  ),
  "limits.offline_messages": integer(1, 10_000_000, 10_000, "messages stored for one offline account"),
  "limits.offline_messages_from_sender": liftable(1000, "messages of one sender stored for one offline account"),
  "limits.offline_messages_from_strangers": liftable(
    100,
    "messages of all senders not on its roster stored for one account, in addition to those of others",
  ),
  "limits.offline_bytes": integer(
    MEBIBYTE,
    Number.MAX_SAFE_INTEGER,
    64 * MEBIBYTE,
    "bytes of messages stored for one offline account; one sender has a quarter, strangers an eighth in addition",
  ),
  "limits.mailbox_messages": integer(100, 10_000_000, 10_000, "messages waiting in one actor's mailbox"),
  "limits.mailbox_bytes": integer(MEBIBYTE, 1024 * MEBIBYTE, 16 * MEBIBYTE, "bytes waiting in one actor's mailbox"),
  "limits.session_unproven_messages": integer(
    10,
    1_000_000,
    10_000,
    "messages of one session without proof of receipt; senders not on the roster have half as many in addition",
  ),
  "limits.session_unproven_bytes": integer(MEBIBYTE, 1024 * MEBIBYTE, 8 * MEBIBYTE, "the same in bytes"),

  "limits.api_requests_per_second": liftable(100, "requests a second of one token of the HTTP API"),
  "limits.api_streams": integer(1, 10_000, 20, "streams of outcomes of one token of the HTTP API at a time"),

  "contact.abuse": uriList("published contact addresses for reports of abuse (XEP-0157)"),
  "contact.admin": uriList("the same, for administration"),
  "contact.feedback": uriList("the same, for feedback"),
  "contact.sales": uriList("the same, for sales"),
  "contact.security": uriList("the same, for security"),
  "contact.status": uriList("the same, for status pages"),
  "contact.support": uriList("the same, for support"),

  "metrics.enabled": boolean(
    false,
    "whether /metrics answers every client of the HTTP port; otherwise only those on this machine",
  ),

  "log.level": choice(
    ["debug", "info", "warn", "error", "off"],
    "info",
    "least level that is logged, to standard error",
  ),
  "log.format": choice(
    ["auto", "text", "json"],
    "auto",
    "how the server writes a record: as text, or as a line of JSON; auto: text at a terminal, in colour unless NO_COLOR is set, and JSON elsewhere",
  ),
  "limits.account_unproven_bytes": integer(
    MEBIBYTE,
    Number.MAX_SAFE_INTEGER,
    32 * MEBIBYTE,
    "bytes without proof of receipt of all sessions of an account together; above it the session with the most ends",
  ),
};

function defaultRegistration(value: ReadValue): "local" | "closed" {
  return isLocalOnly(value) ? "local" : "closed";
}

function isLocalOnly(value: ReadValue): boolean {
  return (value("domains") as readonly string[]).every((domain) => domain === "localhost");
}
