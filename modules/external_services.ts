/**
 * External Service Discovery: STUN and TURN servers and the like, from the configuration. XEP-0215 v1.0.0. For a
 * service with a shared secret each requester gets its own credentials, which expire (the TURN REST scheme).
 * @module
 */
import { createHmac } from "node:crypto";
import { formatDateTime } from "../xmpp/date_time.ts";
import { StanzaError } from "../xmpp/errors.ts";
import type { Element } from "../xmpp/xml/element.ts";
import { attr, type Markup, xml } from "../xmpp/xml/xml.ts";
import { type ExternalService, SERVICES } from "./external_services/services_setting.ts";
import { get, type IqRequest, type ServerContext, type ServerModule } from "./module.ts";

const EXTDISCO = "urn:xmpp:extdisco:2";
const DAY = 86_400_000;

export const externalServices: ServerModule = {
  name: "external_services",
  xeps: [{ xep: 215, title: "External Service Discovery", version: "1.0.0", status: "partial", note: "no push" }],
  settings: { "": SERVICES },
  features: (settings) => (settings.of(SERVICES).length > 0 ? [EXTDISCO] : []),
  serverIq: {
    [get(EXTDISCO, "services")]: services,
    [get(EXTDISCO, "credentials")]: credentials,
  },
};

/** Section 3.1. */
function services(iq: IqRequest, context: ServerContext): Markup {
  const type = iq.payload.attr("type");
  const found = offered(iq, context).filter((service) => type === undefined || service.type === type);
  return xml`
    <services xmlns="${EXTDISCO}"${attr("type", type)}>${found.map((service) => serviceMarkup(service, context))}</services>`;
}

/** Section 3.3. */
function credentials(iq: IqRequest, context: ServerContext): Markup {
  const wanted = iq.payload.child("service", EXTDISCO);
  if (wanted?.attr("host") === undefined || wanted.attr("type") === undefined) throw new StanzaError("bad-request");
  const found = offered(iq, context).filter((service) => matches(service, wanted));
  if (found.length === 0) throw new StanzaError("item-not-found");
  return xml`
    <credentials xmlns="${EXTDISCO}">${found.map((service) => serviceMarkup(service, context))}</credentials>`;
}

/** For local users only, since the answer may hold credentials. */
function offered(iq: IqRequest, { settings }: ServerContext): readonly ExternalService[] {
  const known = settings.of(SERVICES);
  if (known.length === 0) throw new StanzaError("service-unavailable");
  if (!settings.domains.includes(iq.from.domain)) throw new StanzaError("forbidden");
  return known;
}

function matches(service: ExternalService, wanted: Element): boolean {
  const port = wanted.attr("port");
  return (
    service.host === wanted.attr("host") &&
    service.type === wanted.attr("type") &&
    (port === undefined || Number(port) === service.port)
  );
}

function serviceMarkup(service: ExternalService, context: ServerContext): Markup {
  const login = loginOf(service, context);
  const optional = [
    attr("port", service.port),
    attr("transport", service.transport),
    attr("name", service.name),
    attr("username", login.username),
    attr("password", login.password),
    attr("expires", login.expires === undefined ? undefined : formatDateTime(login.expires)),
    attr("restricted", login.username === undefined ? undefined : "true"),
  ];
  return xml`<service type="${service.type}" host="${service.host}"${optional}/>`;
}

interface Login {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly expires?: number;
}

/**
 * draft-uberti-behave-turn-rest: the user name is the time of expiry, the password its HMAC under the shared secret.
 */
function loginOf(service: ExternalService, context: ServerContext): Login {
  if (service.secret === undefined) return { username: service.username, password: service.password };
  const expires = context.now() + DAY;
  const username = `${Math.floor(expires / 1000)}:${context.newId()}`;
  return { username, password: createHmac("sha1", service.secret).update(username).digest("base64"), expires };
}
