/** Text in SASL messages. @module */
import { SaslError } from "../../xmpp/errors.ts";
import { Jid, JidError } from "../../xmpp/jid.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Throws SaslError malformed-request when the bytes are no UTF-8. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) throw new SaslError("malformed-request", "Not UTF-8");
    throw error;
  }
}

/** The account of a user name. Throws SaslError not-authorized for an impossible name. */
export function accountOf(userName: string, domain: string): Jid {
  try {
    const account = Jid.of(userName, domain);
    if (account.local !== "") return account;
  } catch (error) {
    if (!(error instanceof JidError)) throw error;
  }
  throw new SaslError("not-authorized");
}

/**
 * RFC 6120 section 6.3.8: the authorization identity must be the account itself, and `from` if there is one. Throws
 * SaslError invalid-authzid.
 */
export function checkAuthorization(authzid: string, account: Jid, from?: Jid): void {
  if (authzid === "") return;
  const isOwn = Jid.tryParse(authzid)?.equals(account) === true;
  if (!isOwn || from?.bare.equals(account) === false) throw new SaslError("invalid-authzid");
}
