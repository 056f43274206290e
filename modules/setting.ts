/** One configuration key: how it is read, checked and described. Keys are in server/config_table.ts and in modules. @module */
import { isIP } from "node:net";
import * as v from "valibot";
import { Jid } from "../xmpp/jid.ts";

/** Reads the value of another key; used by defaults that depend on one. */
export type ReadValue = (key: string) => unknown;

export interface Setting<Value = unknown> {
  readonly schema: v.GenericSchema<unknown, Value>;
  /** Completes "expected ...". */
  readonly expected: string;
  readonly about: string;
  /**
   * Converts the text of an environment variable to the value that the file would hold; text that cannot be converted
   * stays text.
   */
  readonly fromText: (text: string) => unknown;
  readonly fallback: (value: ReadValue) => Value;
  /** The default as --help shows it. */
  readonly fallbackText: string;
  /** The default under `limits.profile = "bench"`, where it differs. */
  readonly bench?: Value;
}

export type SettingValue<S> = S extends Setting<infer Value> ? Value : never;

/** A setting's computed default: a function, and how --help shows it. */
export interface Computed<Value> {
  readonly text: string;
  readonly compute: (value: ReadValue) => Value;
}

interface Kind<Value> {
  readonly schema: v.GenericSchema<unknown, Value>;
  readonly expected: string;
  readonly fromText: (text: string) => unknown;
}

const INTEGER = /^\d{1,15}$/;

const asIs = (text: string): unknown => text;
const asInteger = (text: string): unknown => (INTEGER.test(text) ? Number(text) : text);
const asBoolean = (text: string): unknown => (text === "true" ? true : text === "false" ? false : text);
const asList = (text: string): unknown =>
  text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");

/** A whole number from `min` to `max`. */
export function integer(min: number, max: number, fallback: number, about: string): Setting<number> {
  const schema = v.pipe(v.number(), v.safeInteger(), v.minValue(min), v.maxValue(max));
  return setting({ schema, expected: `a whole number from ${min} to ${max}`, fromText: asInteger }, fallback, about);
}

/** A limit that 0 switches off, and that the bench profile switches off. */
export function liftable(fallback: number, about: string): Setting<number> {
  return { ...integer(0, Number.MAX_SAFE_INTEGER, fallback, `${about}; 0: no limit`), bench: 0 };
}

export function boolean(fallback: boolean | Computed<boolean>, about: string): Setting<boolean> {
  return setting({ schema: v.boolean(), expected: "true or false", fromText: asBoolean }, fallback, about);
}

export function choice<const Option extends string>(
  options: readonly Option[],
  fallback: NoInfer<Option> | Computed<NoInfer<Option>>,
  about: string,
): Setting<Option> {
  const schema = v.picklist(options) as unknown as v.GenericSchema<unknown, Option>;
  return setting({ schema, expected: `one of ${options.join(", ")}`, fromText: asIs }, fallback, about);
}

/** Text that matches the pattern; `expected` says in words what it must be. */
export function text(
  pattern: RegExp,
  expected: string,
  fallback: string | Computed<string>,
  about: string,
): Setting<string> {
  return setting({ schema: v.pipe(v.string(), v.regex(pattern)), expected, fromText: asIs }, fallback, about);
}

/** Optional text; `absent` says what its absence means. */
export function optionalText(
  pattern: RegExp,
  expected: string,
  absent: string,
  about: string,
): Setting<string | undefined> {
  const schema: v.GenericSchema<unknown, string | undefined> = v.pipe(v.string(), v.regex(pattern));
  return setting({ schema, expected, fromText: asIs }, { text: absent, compute: () => undefined }, about);
}

/** Domain names, at least one, each in its canonical form (RFC 7622 section 3.2). */
export function domainList(fallback: readonly string[], about: string): Setting<readonly string[]> {
  const schema = v.pipe(v.array(v.pipe(v.string(), v.check(isDomain), v.transform(canonicalDomain))), v.nonEmpty());
  return setting({ schema, expected: "a list of domain names, at least one", fromText: asList }, fallback, about);
}

/** IP addresses, or networks in CIDR notation (RFC 4632). */
export function networkList(about: string): Setting<readonly string[]> {
  const schema = v.array(v.pipe(v.string(), v.check(isNetwork)));
  return setting({ schema, expected: "a list of IP addresses or networks (10.0.0.0/8)", fromText: asList }, [], about);
}

function isNetwork(text: string): boolean {
  const [address = "", bits, more] = text.split("/");
  const family = isIP(address);
  if (family === 0 || more !== undefined) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

/** Origins as browsers write them (RFC 6454 section 6.1), or `*`. */
export function originList(about: string): Setting<readonly string[]> {
  const schema = v.array(v.pipe(v.string(), v.check(isOrigin)));
  return setting(
    { schema, expected: "a list of origins (https://chat.example.org) or *", fromText: asList },
    [],
    about,
  );
}

function isOrigin(text: string): boolean {
  return text === "*" || (/^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text);
}

export function uriList(about: string): Setting<readonly string[]> {
  const schema = v.array(v.pipe(v.string(), v.url()));
  return setting({ schema, expected: "a list of URIs (mailto:, xmpp:, https:)", fromText: asList }, [], about);
}

function isDomain(text: string): boolean {
  const jid = Jid.tryParse(text);
  return jid !== undefined && jid.local === "" && jid.resource === "";
}

function canonicalDomain(text: string): string {
  return Jid.parse(text).domain;
}

function setting<Value>(kind: Kind<Value>, fallback: Value | Computed<Value>, about: string): Setting<Value> {
  if (isComputed(fallback)) return { ...kind, about, fallback: fallback.compute, fallbackText: fallback.text };
  return { ...kind, about, fallback: () => fallback, fallbackText: showDefault(fallback) };
}

function isComputed<Value>(fallback: Value | Computed<Value>): fallback is Computed<Value> {
  return typeof fallback === "object" && fallback !== null && "compute" in fallback;
}

function showDefault(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.join(",");
  return String(value);
}
