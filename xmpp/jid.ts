import { Buffer } from "node:buffer";
import { prepareDomain } from "./domain.ts";
import { ownCopy } from "./own_copy.ts";
import { opaqueString, usernameCaseMapped } from "./precis.ts";
import { TextMemo } from "./text_memo.ts";
import { escapeAttribute } from "./xml/escape.ts";

/** Text that is no XMPP address. */
export class JidError extends Error {
  override readonly name = "JidError";
}

const ASCII_LOCAL = /^[a-z0-9!#$%()*+,\-.;=?[\\\]^_`{|}~]+$/;
const ASCII_RESOURCE = /^[\x21-\x7e][\x20-\x7e]*$/;
const MAX_BYTES = 1023;
/** Longest text that can still normalise to a legal part: a full-width character shrinks from three bytes to one. */
const MAX_RAW_BYTES = 3 * MAX_BYTES;
const MAX_RAW_TEXT = 2 * MAX_RAW_BYTES + MAX_BYTES;
/** Entries of each of the two generations. */
const MEMO_SIZE = 10_000;
const MEMO_MAX_LENGTH = 512;

/**
 * An XMPP address in canonical form: RFC 7622. Immutable. Parsing a short text again gives the same object, if it is
 * among the 10,000 used last. Two equal addresses may still be two objects: compare with `equals`, or by `text`.
 */
export class Jid {
  static readonly #memo = new TextMemo((text) => Jid.#read(text), MEMO_SIZE, MEMO_MAX_LENGTH);

  /** "" when absent. */
  readonly local: string;
  readonly domain: string;
  /** "" when absent. */
  readonly resource: string;
  readonly text: string;
  #escaped: string | undefined;
  #bare: Jid | undefined;

  private constructor(local: string, domain: string, resource: string) {
    this.local = local;
    this.domain = domain;
    this.resource = resource;
    const bare = local === "" ? domain : `${local}@${domain}`;
    this.text = resource === "" ? bare : `${bare}/${resource}`;
  }

  /** Reads `local@domain/resource`. @throws JidError */
  static parse(text: string): Jid {
    if (text.length > MAX_RAW_TEXT) throw new JidError("Cannot use address: too long");
    return Jid.#memo.get(text);
  }

  static tryParse(text: string): Jid | undefined {
    try {
      return Jid.parse(text);
    } catch (error) {
      if (error instanceof JidError) return undefined;
      throw error;
    }
  }

  /** Puts an address together; every part is prepared and checked. "" leaves a part out. @throws JidError */
  static of(local: string, domain: string, resource = ""): Jid {
    return new Jid(
      local === "" ? "" : preparedLocal(local),
      preparedDomain(domain),
      resource === "" ? "" : preparedResource(resource),
    );
  }

  // RFC 7622 section 3.1: the resource begins behind the first slash, the domain behind the first @ before it.
  static #read(text: string): Jid {
    const slash = text.indexOf("/");
    const bare = slash < 0 ? text : text.slice(0, slash);
    const at = bare.indexOf("@");
    const resource = slash < 0 ? undefined : text.slice(slash + 1);
    const local = at < 0 ? undefined : bare.slice(0, at);
    return new Jid(
      local === undefined ? "" : preparedLocal(local),
      preparedDomain(bare.slice(at + 1)),
      resource === undefined ? "" : preparedResource(resource),
    );
  }

  /** Without the resource; the same object when there is none. */
  get bare(): Jid {
    if (this.resource === "") return this;
    this.#bare ??=
      Jid.#memo.find(this.text.slice(0, -1 - this.resource.length)) ?? new Jid(this.local, this.domain, "");
    return this.#bare;
  }

  /** @throws JidError when the resource is not allowed */
  withResource(resource: string): Jid {
    const jid = new Jid(this.local, this.domain, preparedResource(ownCopy(resource)));
    jid.#bare = this.bare;
    return jid;
  }

  equals(other: Jid): boolean {
    return this === other || this.text === other.text;
  }

  /** The text as it stands in an attribute value. */
  get escaped(): string {
    this.#escaped ??= escapeAttribute(this.text);
    return this.#escaped;
  }

  get isBare(): boolean {
    return this.resource === "";
  }

  get isFull(): boolean {
    return this.resource !== "";
  }

  toString(): string {
    return this.text;
  }
}

function preparedLocal(text: string): string {
  if (ASCII_LOCAL.test(text)) return checkedLength(text, "localpart");
  const local = exceeds(text, MAX_RAW_BYTES) ? undefined : usernameCaseMapped(text);
  // RFC 7622 section 3.3.1 forbids these beyond what the profile does.
  if (local === undefined || /["&'/:<>@]/.test(local)) throw new JidError("Cannot use localpart: not allowed");
  return checkedLength(local, "localpart");
}

function preparedDomain(text: string): string {
  const domain = prepareDomain(text);
  if (domain === undefined) throw new JidError("Cannot use domainpart: not allowed");
  return checkedLength(domain, "domainpart");
}

function preparedResource(text: string): string {
  if (ASCII_RESOURCE.test(text)) return checkedLength(text, "resourcepart");
  const resource = exceeds(text, MAX_RAW_BYTES) ? undefined : opaqueString(text);
  // RFC 7622 section 3.5, example 18: no leading space.
  if (resource === undefined || resource.startsWith(" ")) throw new JidError("Cannot use resourcepart: not allowed");
  return checkedLength(resource, "resourcepart");
}

/** RFC 7622 section 3.1: each part is at most 1023 bytes of UTF-8. */
function checkedLength(part: string, what: string): string {
  if (exceeds(part, MAX_BYTES)) throw new JidError(`Cannot use ${what}: longer than ${MAX_BYTES} bytes`);
  return part;
}

/** UTF-8 bytes are at least as many as UTF-16 units, and at most three times as many. */
function exceeds(text: string, maxBytes: number): boolean {
  return text.length > maxBytes || (text.length * 3 > maxBytes && Buffer.byteLength(text) > maxBytes);
}
