/** The verification string of XEP-0115 section 5.1 and its hash. @module */
import { createHash } from "node:crypto";
import { NS } from "../../xmpp/ns.ts";
import type { Element } from "../../xmpp/xml/element.ts";

/** Hash functions of XEP-0300 that a client may name in `<c hash=/>`, by their name in node:crypto. */
const HASHES: ReadonlyMap<string, string> = new Map([
  ["sha-1", "sha1"],
  ["sha-256", "sha256"],
  ["sha-512", "sha512"],
]);

/** Whether a `<c hash=/>` of this name can be verified. */
export function isKnownHash(name: string): boolean {
  return HASHES.has(name);
}

/** The `ver` of a disco#info `<query/>`. @param hash a name that isKnownHash() accepts */
export function capsHash(query: Element, hash = "sha-1"): string {
  return createHash(HASHES.get(hash) ?? "sha1")
    .update(verificationString(query), "utf8")
    .digest("base64");
}

/**
 * XEP-0115 section 5.4 rules 3.3 to 3.6: such disco#info must not be trusted, because other disco#info has the same
 * verification string. The same holds for a part that contains `<`, since the string could be split in another way.
 */
export function isAmbiguous(query: Element): boolean {
  const identities = query.childrenNamed("identity", NS.DISCO_INFO).map(identityKey);
  const features = query.childrenNamed("feature", NS.DISCO_INFO).map((feature) => feature.attr("var") ?? "");
  const types = forms(query).map((form) => form.type);
  const isRepeated = [identities, features, types].some((list) => new Set(list).size < list.length);
  return isRepeated || verificationParts(query).some((part) => part.includes("<"));
}

/** XEP-0115 section 5.1: each part ended by `<`. */
export function verificationString(query: Element): string {
  return verificationParts(query)
    .map((part) => `${part}<`)
    .join("");
}

/** Identities, features and forms, sorted by octets ("i;octet"). The hash does not cover which of them a part is. */
export function verificationParts(query: Element): string[] {
  const identities = query.childrenNamed("identity", NS.DISCO_INFO).map(identityKey).sort(byOctets);
  const features = query
    .childrenNamed("feature", NS.DISCO_INFO)
    .map((feature) => feature.attr("var") ?? "")
    .sort(byOctets);
  const extended = forms(query).sort((a, b) => byOctets(a.type, b.type));
  return [...identities, ...features, ...extended.flatMap(formParts)];
}

interface InfoForm {
  readonly type: string;
  readonly fields: readonly { readonly name: string; readonly values: readonly string[] }[];
}

function identityKey(identity: Element): string {
  const { attributes } = identity;
  return [attributes.category, attributes.type, attributes["xml:lang"], attributes.name]
    .map((part) => part ?? "")
    .join("/");
}

/** Forms without a hidden FORM_TYPE are left out (section 5.4 rule 3.6). */
function forms(query: Element): InfoForm[] {
  return query.childrenNamed("x", NS.DATA).flatMap((form) => {
    const fields = form.childrenNamed("field", NS.DATA).map((field) => ({
      name: field.attr("var") ?? "",
      hidden: field.attr("type") === "hidden",
      values: field.childrenNamed("value", NS.DATA).map((value) => value.text),
    }));
    const type = fields.find((field) => field.name === "FORM_TYPE");
    if (type === undefined || !type.hidden || type.values[0] === undefined) return [];
    return [{ type: type.values[0], fields: fields.filter((field) => field.name !== "FORM_TYPE") }];
  });
}

function formParts(form: InfoForm): string[] {
  const fields = [...form.fields].sort((a, b) => byOctets(a.name, b.name));
  return [form.type, ...fields.flatMap((field) => [field.name, ...[...field.values].sort(byOctets)])];
}

function byOctets(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, "utf8"), Buffer.from(b, "utf8"));
}
