/** SCRAM: RFC 5802 and RFC 7677, with and without channel binding. @module */
import { timingSafeEqual } from "node:crypto";
import type { ScramKeys } from "../../store/store.ts";
import { SaslError } from "../../xmpp/errors.ts";
import type { Jid } from "../../xmpp/jid.ts";
import { SCRAM_SALT_BYTES, type ScramHash, scramHash, scramHmac } from "../../xmpp/scram_keys.ts";
import { offerHash } from "./downgrade_protection.ts";
import type { SaslContext, SaslExchange, SaslMechanism, SaslStep } from "./sasl_mechanism.ts";
import { accountOf, checkAuthorization, decodeText } from "./sasl_text.ts";

// RFC 5802 section 7: gs2-header, then [reserved-mext ","] username "," nonce ["," extensions].
const CLIENT_FIRST = /^((?:(n|y)|p=([A-Za-z0-9.-]+)),(?:a=([^,]*))?,)((m=[^,]*,)?n=([^,]+),r=([^,]+)(?:,.*)?)$/s;
const CLIENT_FINAL = /^(c=([A-Za-z0-9+/=]+),r=([^,]+)(?:,.*)?),p=([A-Za-z0-9+/=]+)$/s;
const PRINTABLE = /^[\x21-\x2b\x2d-\x7e]+$/;

export function scram(hash: ScramHash): SaslMechanism {
  return {
    name: `SCRAM-${hash}`,
    plaintext: false,
    withoutResponse: "challenge",
    start: (context) => new ScramExchange(hash, context, false),
  };
}

/** The same, bound to the TLS connection below. */
export function scramPlus(hash: ScramHash): SaslMechanism {
  return {
    name: `SCRAM-${hash}-PLUS`,
    plaintext: false,
    withoutResponse: "challenge",
    start: (context) => new ScramExchange(hash, context, true),
  };
}

/** What the first message says. */
interface ClientFirst {
  readonly gs2Header: string;
  /** `n`, `y` or `p`. */
  readonly flag: string;
  /** The type after `p=`. */
  readonly binding: string | undefined;
  readonly bare: string;
  readonly userName: string;
  readonly authzid: string;
  readonly nonce: string;
}

/** The values that the last message is checked against. */
interface Challenge {
  readonly account: Jid;
  readonly keys: ScramKeys;
  /** False: the keys are invented, and every proof is refused. */
  readonly known: boolean;
  readonly first: ClientFirst;
  readonly nonce: string;
  readonly text: string;
  /** The required value of attribute c, in base64. */
  readonly binding: string;
}

class ScramExchange implements SaslExchange {
  readonly #hash: ScramHash;
  readonly #context: SaslContext;
  readonly #plus: boolean;
  #challenge: Challenge | undefined;

  constructor(hash: ScramHash, context: SaslContext, plus: boolean) {
    this.#hash = hash;
    this.#context = context;
    this.#plus = plus;
  }

  respond(message: Uint8Array): SaslStep | Promise<SaslStep> {
    const text = decodeText(message);
    return this.#challenge === undefined ? this.#first(text) : this.#final(text, this.#challenge);
  }

  async #first(text: string): Promise<SaslStep> {
    const first = readClientFirst(text);
    const binding = this.#bind(first);
    const account = accountOf(first.userName, this.#context.domain);
    checkAuthorization(first.authzid, account, this.#context.from);
    this.#context.admit(account);
    const stored = (await this.#context.credentials(account))?.[this.#hash];
    const keys = stored ?? madeUpKeys(this.#hash, account, this.#context);
    const nonce = first.nonce + this.#context.newNonce();
    const { offer } = this.#context;
    const extension = offer === undefined ? "" : `,h=${offerHash(this.#hash, offer)}`;
    const challenge = `r=${nonce},s=${keys.salt},i=${keys.iterations}${extension}`;
    this.#challenge = { account, keys, known: stored !== undefined, first, nonce, text: challenge, binding };
    return { kind: "challenge", data: challenge };
  }

  /**
   * RFC 5802 section 5.1, attribute c: the GS2 header, so that a changed header is detected, and the channel binding
   * data, so that a man in the middle is detected.
   */
  #bind({ gs2Header, flag, binding }: ClientFirst): string {
    const bindings = this.#context.channelBindings;
    const data = binding === undefined ? undefined : bindings?.get(binding);
    if (this.#plus ? data === undefined : flag === "p") {
      throw new SaslError("malformed-request", "That channel binding is not offered");
    }
    // RFC 5802 section 6: the client did not see the offer of channel binding, so it was removed on the way.
    if (flag === "y" && bindings !== undefined && bindings.size > 0) {
      throw new SaslError("malformed-request", "Channel binding is offered");
    }
    return Buffer.concat([Buffer.from(gs2Header), data ?? new Uint8Array()]).toString("base64");
  }

  #final(text: string, challenge: Challenge): SaslStep {
    const { account, keys, known, first, nonce, binding: expected } = challenge;
    // Checked again: many exchanges may have begun before the first one failed.
    this.#context.admit(account);
    const match = CLIENT_FINAL.exec(text);
    if (match === null) throw new SaslError("malformed-request");
    const [, withoutProof, binding, givenNonce, proof] = match;
    if (binding !== expected) throw new SaslError("not-authorized");
    if (givenNonce !== nonce) throw new SaslError("not-authorized");
    const authMessage = `${first.bare},${challenge.text},${withoutProof}`;
    if (!this.#proves(Buffer.from(proof!, "base64"), keys, authMessage) || !known) {
      throw new SaslError("not-authorized");
    }
    const signature = scramHmac(this.#hash, Buffer.from(keys.serverKey, "base64"), authMessage);
    return { kind: "success", account, data: `v=${signature.toString("base64")}` };
  }

  #proves(proof: Buffer, keys: ScramKeys, authMessage: string): boolean {
    const storedKey = Buffer.from(keys.storedKey, "base64");
    const signature = scramHmac(this.#hash, storedKey, authMessage);
    if (proof.length !== signature.length) return false;
    const clientKey = signature.map((byte, i) => byte ^ proof[i]!);
    return timingSafeEqual(scramHash(this.#hash, clientKey), storedKey);
  }
}

function readClientFirst(text: string): ClientFirst {
  const match = CLIENT_FIRST.exec(text);
  if (match === null) throw new SaslError("malformed-request");
  const [, gs2Header, flag, binding, authzid, bare, mandatory, userName, nonce] = match;
  if (mandatory !== undefined) throw new SaslError("malformed-request", "Extensions are not supported");
  if (!PRINTABLE.test(nonce!)) throw new SaslError("malformed-request");
  return {
    gs2Header: gs2Header!,
    flag: flag ?? "p",
    binding,
    bare: bare!,
    userName: unescapeName(userName!),
    authzid: unescapeName(authzid ?? ""),
    nonce: nonce!,
  };
}

/** RFC 5802 section 5.1: "," is written =2C, "=" is written =3D. */
function unescapeName(name: string): string {
  if (/=(?!2C|3D)/.test(name)) throw new SaslError("malformed-request");
  return name.replaceAll("=2C", ",").replaceAll("=3D", "=");
}

/** Constant for each name, so that an unknown account looks like any other. */
function madeUpKeys(hash: ScramHash, account: Jid, { secret, rounds }: SaslContext): ScramKeys {
  const salt = scramHmac("SHA-256", secret, `${hash} ${account.text}`).subarray(0, SCRAM_SALT_BYTES);
  const key = scramHash(hash, salt).toString("base64");
  return { salt: salt.toString("base64"), iterations: rounds, storedKey: key, serverKey: key };
}
