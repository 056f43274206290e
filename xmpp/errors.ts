/** The errors that carry their own wire form. @module */
export { SaslError, type SaslErrorCondition } from "./sasl_error.ts";
export { StanzaError, type StanzaErrorOptions } from "./stanza.ts";
export type { StanzaErrorCondition, StanzaErrorType } from "./stanza_condition.ts";
export { StreamError, type StreamErrorCondition, type StreamErrorOptions } from "./stream_error.ts";
