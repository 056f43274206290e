/** Text in SASL messages. @module */
import { SaslError } from "../../xmpp/errors.ts";
import { Jid, JidError } from "../../xmpp/jid.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Throws SaslError malformed-request where the bytes are no UTF-8. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) throw new SaslError("malformed-request", "Not UTF-8");
    throw error;
  }
}

/** The account that a user name stands for. Throws SaslError not-authorized where it can be none. */
export function accountOf(userName: string, domain: string): Jid {
  try {
    const account = Jid.of(userName, domain);
    if (account.local !== "") return account;
  } catch (error) {
    if (!(error instanceof JidError)) throw error;
  }
  throw new SaslError("not-authorized");
}

/** RFC 6120 section 6.3.8: nobody may act for another account, nor than `from`. Throws SaslError invalid-authzid. */
export function checkAuthorization(authzid: string, account: Jid, from?: Jid): void {
  if (authzid === "") return;
  const isOwn = Jid.tryParse(authzid)?.equals(account) === true;
  if (!isOwn || from?.bare.equals(account) === false) throw new SaslError("invalid-authzid");
}
