/** PLAIN: RFC 4616. @module */
import type { Credentials } from "../../store/store.ts";
import { SaslError } from "../../xmpp/errors.ts";
import { hasFewerRounds } from "../../xmpp/scram_keys.ts";
import { WorkLimitError } from "../../xmpp/work_limit.ts";
import type { SaslContext, SaslMechanism, SaslStep } from "./sasl_mechanism.ts";
import { accountOf, checkAuthorization, decodeText } from "./sasl_text.ts";

/** Keys of no password: a check against them takes as long as a real check. */
function nobody(rounds: number): Credentials {
  return { "SHA-256": { salt: "", iterations: rounds, storedKey: "", serverKey: "" } };
}

/** In base64: two names and a password of RFC 7622's and RFC 4616's sizes. */
const MAX_MESSAGE_CHARS = 6000;

export const plain: SaslMechanism = {
  name: "PLAIN",
  plaintext: true,
  withoutResponse: "challenge",
  start: (context) => ({ respond: (message) => respond(message, context) }),
};

async function respond(message: Uint8Array, context: SaslContext): Promise<SaslStep> {
  const parts = decodeText(message).split("\0");
  const [authzid, userName, password] = parts;
  if (parts.length !== 3 || !userName || !password) throw new SaslError("malformed-request");
  const account = accountOf(userName, context.domain);
  checkAuthorization(authzid!, account, context.from);
  context.admit(account);
  const credentials = await context.credentials(account);
  const right = await check(password, credentials ?? nobody(context.rounds), context);
  if (!right || credentials === undefined) throw new SaslError("not-authorized");
  if (hasFewerRounds(credentials, context.rounds)) context.renew(account, password, credentials);
  return { kind: "success", account };
}

/** The user name in a message in base64, as the client writes it; "" where there is none. */
export function userNameIn(message: string): string {
  return Buffer.from(message.slice(0, MAX_MESSAGE_CHARS), "base64").toString().split("\0")[1] ?? "";
}

async function check(password: string, credentials: Credentials, { passwords }: SaslContext): Promise<boolean> {
  try {
    return await passwords.check(password, credentials);
  } catch (error) {
    if (error instanceof WorkLimitError) throw new SaslError("temporary-auth-failure", "Too many are logging in");
    throw error;
  }
}
