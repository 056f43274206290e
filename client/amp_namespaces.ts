/** XEP-0079 section 10, RFC 6120 section 8.3. */
export const AMP = "http://jabber.org/protocol/amp";
export const AMP_ERRORS = "http://jabber.org/protocol/amp#errors";
export const STANZA_ERRORS = "urn:ietf:params:xml:ns:xmpp-stanzas";
/** What an ampact server tells of messages: docs/OUTCOMES.md. */
export const OUTCOMES = "urn:ampact:outcomes:0";
