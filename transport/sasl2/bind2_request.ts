/** The request of a client in `<bind/>` of XEP-0386 section 3.2. @module */
import { createHmac } from "node:crypto";
import type { BindRequest } from "../../actors/session_service.ts";
import { CARBONS } from "../../modules/carbons.ts";
import { type Jid, JidError } from "../../xmpp/jid.ts";
import { NS } from "../../xmpp/ns.ts";
import { Element } from "../../xmpp/xml/element.ts";
import { scanElement } from "../../xmpp/xml/element_reader.ts";
import { DEFAULT_XML_LIMITS, type ScannedElement } from "../../xmpp/xml/scanned_element.ts";
import type { StreamServices } from "../stream_services.ts";

const RESOURCE_CHARS = 14;

export interface InlineBind extends Omit<BindRequest, "connection"> {
  /** The client enables XEP-0198; the session sends the answer first. */
  readonly managed: boolean;
}

export function readBind(
  bind: Element,
  account: Jid,
  client: string | undefined,
  services: Pick<StreamServices, "secret" | "newId">,
): InlineBind {
  const tag = bind.child("tag", NS.BIND2)?.text.trim() ?? "";
  const id = client === undefined ? services.newId() : stableId(account, tag, client, services.secret);
  const enable = bind.child("enable", NS.SM);
  const clientState = bind.child("inactive", NS.CSI) ?? bind.child("active", NS.CSI);
  return {
    account,
    resource: resourceOf(account, tag, id),
    client,
    marks: bind.child("enable", NS.CARBONS) === undefined ? [] : [CARBONS],
    inbound: [enable, clientState].flatMap((element) => (element === undefined ? [] : [scanned(element)])),
    managed: enable !== undefined,
  };
}

/** Constant for each client, and it must not reveal the id of the user agent (section 3.2.1). */
function stableId(account: Jid, tag: string, client: string, secret: Uint8Array): string {
  const hash = createHmac("sha256", secret).update(`resource ${account.text} ${client} ${tag}`).digest("base64url");
  return hash.slice(0, RESOURCE_CHARS);
}

/** A tag that a resource cannot hold is left out. */
function resourceOf(account: Jid, tag: string, id: string): string {
  if (tag === "") return id;
  try {
    return account.withResource(`${tag}/${id}`).resource;
  } catch (error) {
    if (error instanceof JidError) return id;
    throw error;
  }
}

/** Without its children, which have no meaning here. */
function scanned({ name, ns, attributes }: Element): ScannedElement {
  return scanElement(new Element(name, ns, attributes).toString(), DEFAULT_XML_LIMITS);
}
