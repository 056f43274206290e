/** Kinds of settings of the streams between servers. @module */
import { isIP } from "node:net";
import * as v from "valibot";
import { fromJson } from "../modules/from_json.ts";
import type { Setting } from "../modules/setting.ts";
import type { DomainRequirement, S2sAuth } from "../transport/s2s/s2s_settings.ts";
import { Jid } from "../xmpp/jid.ts";

const auth = v.pipe(v.array(v.picklist(["external", "dialback"])), v.nonEmpty());

/** One or both, in the order in which they are tried. */
export function authList(fallback: readonly S2sAuth[], about: string): Setting<readonly S2sAuth[]> {
  return {
    schema: auth as v.GenericSchema<unknown, readonly S2sAuth[]>,
    expected: "a list of external, dialback, or both",
    about,
    fromText: asList,
    fallback: () => fallback,
    fallbackText: fallback.join(","),
  };
}

/** Domains, and `*.example.org` for all below one. */
export function domainPatterns(about: string): Setting<readonly string[]> {
  const schema = v.array(v.pipe(v.string(), v.check(isPattern), v.transform(canonicalPattern)));
  return {
    schema,
    expected: "a list of domain names; *.example.org stands for all below example.org",
    about,
    fromText: asList,
    fallback: () => [],
    fallbackText: "none",
  };
}

/** What is asked of single domains. */
export function requirements(about: string): Setting<Readonly<Record<string, DomainRequirement>>> {
  const domain = v.pipe(v.string(), v.check(isDomain), v.transform(canonical));
  const schema = v.record(domain, v.strictObject({ auth: v.optional(auth), tls: v.optional(v.boolean()) }));
  return {
    schema: schema as v.GenericSchema<unknown, Readonly<Record<string, DomainRequirement>>>,
    expected: "a table of domains, each with auth (a list of external, dialback), tls (true or false), or both",
    about,
    fromText: fromJson,
    fallback: () => ({}),
    fallbackText: "none",
  };
}

/** IP addresses of DNS servers, perhaps with a port: `192.0.2.1`, `127.0.0.1:5353`, `[::1]:53`. */
export function dnsServers(about: string): Setting<readonly string[]> {
  return {
    schema: v.array(v.pipe(v.string(), v.check(isDnsServer))),
    expected: "a list of IP addresses, each perhaps with a port (127.0.0.1:5353, [::1]:53)",
    about,
    fromText: asList,
    fallback: () => [],
    fallbackText: "those of the system",
  };
}

const WITH_PORT = /^(?:\[([^\]]+)\]|(\d+\.\d+\.\d+\.\d+))(?::(\d{1,5}))?$/;

function isDnsServer(text: string): boolean {
  const match = WITH_PORT.exec(text);
  return isIP(text) !== 0 || (match !== null && isIP(match[1] ?? match[2]!) !== 0 && Number(match[3] ?? 53) <= 65_535);
}

function asList(text: string): unknown {
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

function isPattern(text: string): boolean {
  return isDomain(text.replace(/^\*\./, ""));
}

function canonicalPattern(text: string): string {
  return text.startsWith("*.") ? `*.${canonical(text.slice(2))}` : canonical(text);
}

function isDomain(text: string): boolean {
  const jid = Jid.tryParse(text);
  return jid !== undefined && jid.local === "" && jid.resource === "";
}

function canonical(text: string): string {
  return Jid.parse(text).domain;
}
