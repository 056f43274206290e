/** XML namespaces of RFC 6120, RFC 6121, RFC 7395 and the XEPs that ampact speaks. @module */
export const NS = {
  // RFC 6120, RFC 6121, RFC 7395
  CLIENT: "jabber:client",
  SERVER: "jabber:server",
  COMPONENT: "jabber:component:accept",
  STREAM: "http://etherx.jabber.org/streams",
  STREAMS: "urn:ietf:params:xml:ns:xmpp-streams",
  STANZAS: "urn:ietf:params:xml:ns:xmpp-stanzas",
  FRAMING: "urn:ietf:params:xml:ns:xmpp-framing",
  TLS: "urn:ietf:params:xml:ns:xmpp-tls",
  SASL: "urn:ietf:params:xml:ns:xmpp-sasl",
  BIND: "urn:ietf:params:xml:ns:xmpp-bind",
  SESSION: "urn:ietf:params:xml:ns:xmpp-session",
  ROSTER: "jabber:iq:roster",
  ROSTERVER: "urn:xmpp:features:rosterver",
  PREAPPROVAL: "urn:xmpp:features:pre-approval",
  XML: "http://www.w3.org/XML/1998/namespace",
  XMLNS: "http://www.w3.org/2000/xmlns/",

  /** XEP-0004 */
  DATA: "jabber:x:data",
  /** XEP-0012 */
  LAST: "jabber:iq:last",
  /** XEP-0030 */
  DISCO_INFO: "http://jabber.org/protocol/disco#info",
  DISCO_ITEMS: "http://jabber.org/protocol/disco#items",
  /** XEP-0045 */
  MUC_USER: "http://jabber.org/protocol/muc#user",
  /** XEP-0049 */
  PRIVATE: "jabber:iq:private",
  /** XEP-0050 */
  COMMANDS: "http://jabber.org/protocol/commands",
  /** XEP-0054 */
  VCARD: "vcard-temp",
  /** XEP-0059 */
  RSM: "http://jabber.org/protocol/rsm",
  /** XEP-0060, XEP-0163 */
  PUBSUB: "http://jabber.org/protocol/pubsub",
  PUBSUB_EVENT: "http://jabber.org/protocol/pubsub#event",
  PUBSUB_OWNER: "http://jabber.org/protocol/pubsub#owner",
  PUBSUB_ERRORS: "http://jabber.org/protocol/pubsub#errors",
  PUBSUB_OPTIONS: "http://jabber.org/protocol/pubsub#publish-options",
  /** XEP-0077 */
  REGISTER: "jabber:iq:register",
  REGISTER_FEATURE: "http://jabber.org/features/iq-register",
  /** XEP-0079 */
  AMP: "http://jabber.org/protocol/amp",
  AMP_ERRORS: "http://jabber.org/protocol/amp#errors",
  AMP_FEATURE: "http://jabber.org/features/amp",
  /** XEP-0085 */
  CHATSTATES: "http://jabber.org/protocol/chatstates",
  /** XEP-0092 */
  VERSION: "jabber:iq:version",
  /** XEP-0115 */
  CAPS: "http://jabber.org/protocol/caps",
  /** XEP-0124, XEP-0206 */
  HTTPBIND: "http://jabber.org/protocol/httpbind",
  XBOSH: "urn:xmpp:xbosh",
  /** XEP-0153 */
  VCARD_UPDATE: "vcard-temp:x:update",
  /** XEP-0160 */
  OFFLINE: "msgoffline",
  /** XEP-0184 */
  RECEIPTS: "urn:xmpp:receipts",
  /** XEP-0191 */
  BLOCKING: "urn:xmpp:blocking",
  BLOCKING_ERRORS: "urn:xmpp:blocking:errors",
  /** XEP-0198 */
  SM: "urn:xmpp:sm:3",
  /** XEP-0199 */
  PING: "urn:xmpp:ping",
  /** XEP-0202 */
  TIME: "urn:xmpp:time",
  /** XEP-0203 */
  DELAY: "urn:xmpp:delay",
  /** XEP-0091, the format before XEP-0203 */
  DELAY_LEGACY: "jabber:x:delay",
  /** XEP-0220 */
  DIALBACK: "jabber:server:dialback",
  DIALBACK_FEATURE: "urn:xmpp:features:dialback",
  /** XEP-0280 */
  CARBONS: "urn:xmpp:carbons:2",
  CARBONS_RULES: "urn:xmpp:carbons:rules:0",
  /** XEP-0288 */
  BIDI: "urn:xmpp:bidi",
  BIDI_FEATURE: "urn:xmpp:features:bidi",
  /** XEP-0297 */
  FORWARD: "urn:xmpp:forward:0",
  /** XEP-0313 */
  MAM: "urn:xmpp:mam:2",
  MAM_EXTENDED: "urn:xmpp:mam:2#extended",
  /** XEP-0333 */
  MARKERS: "urn:xmpp:chat-markers:0",
  /** XEP-0334 */
  HINTS: "urn:xmpp:hints",
  /** XEP-0352 */
  CSI: "urn:xmpp:csi:0",
  /** XEP-0359 */
  SID: "urn:xmpp:sid:0",
  /** XEP-0386 */
  BIND2: "urn:xmpp:bind:0",
  /** XEP-0388 */
  SASL2: "urn:xmpp:sasl:2",
  /** XEP-0424, XEP-0444 */
  RETRACT: "urn:xmpp:message-retract:1",
  REACTIONS: "urn:xmpp:reactions:0",
  /** XEP-0440 */
  SASL_CB: "urn:xmpp:sasl-cb:0",
  /** XEP-0484 */
  FAST: "urn:xmpp:fast:0",
  /** Ours: timelines of a client's own messages. docs/OUTCOMES.md */
  OUTCOMES: "urn:ampact:outcomes:0",
} as const;
