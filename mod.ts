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
 *
 * A protocol extension of your own is a value:
 *
 * @example
 * ```ts
 * const greeting: ServerModule = {
 *   name: "greeting",
 *   xeps: [],
 *   features: ["urn:example:greeting"],
 *   iq: { [get("urn:example:greeting", "hello")]: () => xml`<hello xmlns="urn:example:greeting">Good day</hello>` },
 * };
 * const xmpp = createServer({ domains: ["localhost"], modules: [...modules, greeting] });
 * ```
 * @module
 */
export type { Envelope } from "./actors/delivery/delivery_letter.ts";
export type { Destination, DestinationContext } from "./actors/destination.ts";
export type { Hop, HopAnswer, HopMessage, HopOptions } from "./actors/hop/hop.ts";
export type { Outcome } from "./amp/outcome.ts";
export { type Plan, RESOURCELESS } from "./amp/plan.ts";
export type { Rule } from "./amp/rule.ts";
export type { GatewayAnswer, GatewayHandler, GatewayMessage } from "./destinations/gateway.ts";
export type {
  AccountMessage,
  MessageAccount,
  MessagePhases,
  MessageResource,
  StanzaId,
} from "./modules/message_phases.ts";
export { modules } from "./modules/mod.ts";
export {
  type AccountContext,
  type AccountHooks,
  type Effect,
  type EntityDescription,
  get,
  type Identity,
  type IqHandler,
  type IqHandlers,
  type IqRequest,
  type MemoryKey,
  type ModuleMemory,
  type PreAuthContext,
  type ResourceView,
  type ServerContext,
  type ServerModule,
  type ServerSettings,
  type ServiceDescription,
  set,
  type XepInfo,
} from "./modules/module.ts";
export type { Computed, ReadValue, Setting } from "./modules/setting.ts";
export * as setting from "./modules/setting.ts";
export type {
  FollowedStep,
  FollowOptions,
  OutcomePage,
  OutcomeQuery,
  Outcomes,
  TimedStep,
  Timeline,
} from "./outcomes/outcomes.ts";
export type { Proof, Step, StepKind } from "./outcomes/step.ts";
export type { Accounts, AccountUse, SetPasswordOptions } from "./server/accounts.ts";
export { TokenError, type TokenInfo, type Tokens } from "./server/api/api_tokens.ts";
export { CertificateError } from "./server/certificate.ts";
export type { Config, ConfigOptions, ModuleOptions } from "./server/config.ts";
export { ConfigError, type ConfigProblem } from "./server/config_error.ts";
export { type AmpactServer, createServer, type ServerOptions } from "./server/create_server.ts";
export type { ExplainedRule, Explanation } from "./server/explaining.ts";
export type { Backups, HeldFile } from "./server/file_hold.ts";
export type { WebhookOptions } from "./server/gateway_setting.ts";
export type { GatewayOptions } from "./server/gateways.ts";
export { ListenError } from "./server/listen_error.ts";
export type { ServerStatus, WaitingStatus } from "./server/metrics/server_status.ts";
export type { OutcomeHandler } from "./server/outcome_consumer.ts";
export type { OutgoingMessage, OutgoingRule } from "./server/outgoing_message.ts";
export { KeyError, RuleError, type SendOptions, type SentMessage } from "./server/sending.ts";
export type { SessionReport, Sessions } from "./server/sessions.ts";
export type { ListenOptions, TcpPorts } from "./server/tcp_entrance.ts";
export type { Waiting, WaitingFor, WaitingMessage } from "./server/waiting.ts";
export type { OutcomeWebhook } from "./server/webhooks/webhook_setting.ts";
export type { WebhookStatus, Webhooks } from "./server/webhooks/webhooks.ts";
export { createSqliteStore, type SqliteLimits } from "./store/sqlite_store.ts";
export * from "./store/store.ts";
export type { BunWebSocket, BunWebSocketHandler } from "./transport/bun_types.ts";
export type { TcpListenOptions } from "./transport/tcp/tcp_listeners.ts";
export type { CertificatePem } from "./transport/tcp/tls_certificate.ts";
export type { TcpAccess } from "./transport/transports.ts";
export {
  StanzaError,
  type StanzaErrorCondition,
  type StanzaErrorOptions,
  type StanzaErrorType,
} from "./xmpp/errors.ts";
export { Jid, JidError } from "./xmpp/jid.ts";
export { type Log, SILENT_LOG } from "./xmpp/log.ts";
export { NS } from "./xmpp/ns.ts";
export { Stanza, type StanzaAddress, type StanzaAttributes, type StanzaName } from "./xmpp/stanza.ts";
export { Element } from "./xmpp/xml/element.ts";
export { attr, Markup, raw, type XmlValue, xml } from "./xmpp/xml/xml.ts";
