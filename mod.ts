/**
 * An XMPP server that tells what became of a message (XEP-0079), as a part of a Hono app. The same as a program:
 * scripts/server.ts. Rules and replies for clients: `ampact/client`.
 *
 * @example
 * ```ts
 * const xmpp = createServer({ domains: ["localhost"], store: "sqlite:data/ampact.db" });
 * await xmpp.start();
 * await xmpp.listen({ port: 5222, tlsPort: 5223 });
 * const app = new Hono().route("/", xmpp.app);
 * export default { port: 5280, fetch: app.fetch, websocket: xmpp.websocket };
 * ```
 * @module
 */
export type { GatewayAnswer, GatewayHandler, GatewayMessage } from "./actors/gateway.ts";
export type { Outcome } from "./amp/outcome.ts";
export type { Rule } from "./amp/rule.ts";
export { CertificateError } from "./server/certificate.ts";
export { ConfigError } from "./server/config_error.ts";
export { type AmpactServer, createServer, type ServerOptions } from "./server/create_server.ts";
export { ListenError } from "./server/listen_error.ts";
export type { OutgoingMessage } from "./server/outgoing_message.ts";
export type { ListenOptions, TcpPorts } from "./server/tcp_entrance.ts";
export { StoreFault } from "./store/store.ts";
export type { CertificatePem } from "./transport/tcp/tls_certificate.ts";
export { Jid } from "./xmpp/jid.ts";
export { xml } from "./xmpp/xml/xml.ts";
