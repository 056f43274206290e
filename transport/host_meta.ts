/** The addresses of the HTTP endpoints, for clients that know only the domain: XEP-0156 section 3. @module */
import type { Context } from "hono";
import { xml } from "../xmpp/xml/xml.ts";

const XRD = "http://docs.oasis-open.org/ns/xri/xrd-1.0";
const CORS = { "access-control-allow-origin": "*" };

/** When the answer depends on the request, no cache may share it: an equal request may have come by another scheme. */
const CACHING = {
  configured: { "cache-control": "public, max-age=3600" },
  asked: { "cache-control": "private, no-cache", vary: "Host, X-Forwarded-Proto" },
};

const BAD_HOST = "The Host of the request is none.\n";

export interface EndpointPaths {
  readonly websocket: string;
  readonly bosh: string;
}

interface Link {
  readonly rel: string;
  readonly href: string;
}

export function hostMeta(c: Context, paths: EndpointPaths, publicUrl: string | undefined): Response {
  const found = findLinks(c, paths, publicUrl);
  const headers = headersOf(publicUrl);
  if (found === undefined) return c.text(BAD_HOST, 400, headers);
  const links = found.map(({ rel, href }) => xml`<Link rel="${rel}" href="${href}"/>`);
  const text = xml`<?xml version="1.0" encoding="utf-8"?><XRD xmlns="${XRD}">${links}</XRD>`.text;
  return c.body(text, 200, { ...headers, "content-type": "application/xrd+xml; charset=utf-8" });
}

export function hostMetaJson(c: Context, paths: EndpointPaths, publicUrl: string | undefined): Response {
  const links = findLinks(c, paths, publicUrl);
  const headers = headersOf(publicUrl);
  return links === undefined ? c.text(BAD_HOST, 400, headers) : c.json({ links }, 200, headers);
}

function headersOf(publicUrl: string | undefined): Record<string, string> {
  return { ...CORS, ...(publicUrl === undefined ? CACHING.asked : CACHING.configured) };
}

/** Undefined when the request names no usable host. */
function findLinks(c: Context, paths: EndpointPaths, publicUrl: string | undefined): Link[] | undefined {
  if (publicUrl === undefined && !URL.canParse(c.req.url)) return undefined;
  const base = new URL(publicUrl ?? requestBase(c));
  const prefix = base.pathname.replace(/\/$/, "");
  const secure = base.protocol === "https:";
  return [
    {
      rel: "urn:xmpp:alt-connections:websocket",
      href: `${secure ? "wss" : "ws"}://${base.host}${prefix}${paths.websocket}`,
    },
    {
      rel: "urn:xmpp:alt-connections:xbosh",
      href: `${secure ? "https" : "http"}://${base.host}${prefix}${paths.bosh}`,
    },
  ];
}

/** Of a host-meta document. */
const WELL_KNOWN = "/.well-known/";

/** From the request, or from the headers of a proxy in front. A false header affects only its sender's own answer. */
function requestBase(c: Context): string {
  const { protocol, host, pathname } = new URL(c.req.url);
  const proto = c.req.header("x-forwarded-proto")?.split(",")[0]?.trim();
  const scheme = proto === "https" || proto === "http" ? `${proto}:` : protocol;
  // The app may be mounted below a path, and its endpoints are beside this document.
  return `${scheme}//${host}${pathname.slice(0, pathname.lastIndexOf(WELL_KNOWN))}`;
}
