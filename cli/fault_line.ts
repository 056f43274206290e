/** The line that the command line prints for an error. @module */

import { ForwardingError } from "../modules/forwarding/forwarding_address.ts";
import { TokenError } from "../server/api/api_tokens.ts";
import { CertificateError } from "../server/certificate.ts";
import { ConfigError } from "../server/config_error.ts";
import { ListenError } from "../server/listen_error.ts";
import { RuleError } from "../server/sending.ts";
import { StoreFault } from "../store/store.ts";
import { JidError } from "../xmpp/jid.ts";
import { XmlError } from "../xmpp/xml/xml_error.ts";
import { AccountError } from "./account_error.ts";
import { UsageError } from "./usage_error.ts";

/** Errors whose message is enough; any other error is a fault of the program and is shown with its stack. */
const EXPECTED = [
  StoreFault,
  JidError,
  XmlError,
  RuleError,
  CertificateError,
  AccountError,
  ForwardingError,
  ListenError,
  TokenError,
];

/** Says all there is to say. */
export function isExpected(error: unknown): boolean {
  return [UsageError, ConfigError, ...EXPECTED].some((kind) => error instanceof kind);
}

export function faultLine(error: unknown): { readonly line: string; readonly code: number } {
  if (error instanceof UsageError) return { line: `${error.message} (see --help)`, code: 2 };
  if (error instanceof ConfigError) return { line: error.message, code: 2 };
  if (EXPECTED.some((kind) => error instanceof kind)) return { line: (error as Error).message, code: 1 };
  return { line: error instanceof Error ? (error.stack ?? error.message) : String(error), code: 1 };
}
