/** Runs SASL mechanisms on one stream, for both XML syntaxes: RFC 6120 section 6, XEP-0388. @module */
import { randomBytes } from "node:crypto";
import { PASSWORD_CHANGES, PASSWORDS, type Passwords } from "../../modules/passwords.ts";
import type { Credentials } from "../../store/store.ts";
import { SaslError, type SaslErrorCondition } from "../../xmpp/errors.ts";
import type { Jid } from "../../xmpp/jid.ts";
import { WorkLimitError } from "../../xmpp/work_limit.ts";
import type { FailedLogins, LoginOrigin } from "../failed_logins.ts";
import type { StreamServices } from "../stream_services.ts";
import { anonymous } from "./anonymous.ts";
import type { Refusal, StreamSecurity } from "./mechanisms.ts";
import type { SaslContext, SaslExchange, SaslMechanism, SaslStep } from "./sasl_mechanism.ts";

const NONCE_BYTES = 18;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export interface SaslPeer {
  readonly address: string;
  readonly security: StreamSecurity;
  /** The domain that the stream is for. */
  readonly domain: string;
  /** The address of the client in its stream header. */
  readonly from: Jid | undefined;
}

export class MechanismRuns {
  readonly peer: SaslPeer;
  readonly #services: StreamServices;
  readonly #logins: FailedLogins;
  #exchange: SaslExchange | undefined;
  /** The one begun last. */
  #mechanism: SaslMechanism | undefined;
  /** The account whose credentials the present exchange read last. */
  #account: Jid | undefined;
  /** The id of the user agent that began the present exchange. */
  #client: string | undefined;
  /** Changes of passwords before the present exchange. */
  #changes = 0;
  #failures = 0;

  constructor(services: StreamServices, logins: FailedLogins, peer: SaslPeer) {
    this.#services = services;
    this.#logins = logins;
    this.peer = peer;
  }

  /** The client's next message has to hold the password itself. */
  get awaitsPassword(): boolean {
    return this.#exchange !== undefined && this.#mechanism?.plaintext === true;
  }

  /** RFC 6120 section 6.4.5: the maximum of failed attempts is reached. */
  get isExhausted(): boolean {
    return this.#failures >= this.#services.settings.maxAttempts;
  }

  /** Takes the mechanism, or the reason for a refusal, and the optional initial response. Throws SaslError. */
  begin(
    mechanism: SaslMechanism | Refusal,
    data: Uint8Array | undefined,
    more: Partial<SaslContext> & { readonly offer: string },
    client?: string,
  ): SaslStep | Promise<SaslStep> {
    if (this.#exchange !== undefined) throw new SaslError("malformed-request", "An exchange is under way");
    this.#account = undefined;
    this.#changes = this.#services.serverContext.serverMemory.get(PASSWORD_CHANGES).latest;
    this.#client = client;
    if (typeof mechanism === "string") throw new SaslError(mechanism);
    this.#mechanism = mechanism;
    this.#exchange = mechanism.start({ ...this.#context(), ...more });
    if (data === undefined && mechanism.withoutResponse === "challenge") return { kind: "challenge", data: "" };
    return this.#exchange.respond(data ?? new Uint8Array());
  }

  #context(): SaslContext {
    const services = this.#services;
    return {
      domain: this.peer.domain,
      secret: services.secret,
      passwords: this.#passwords,
      rounds: services.settings.scramRounds,
      renew: (account, password, kept) => void this.#renew(account, password, kept),
      admit: (account) => this.#admit(account),
      credentials: (account) => services.credentials(account),
      newNonce: () => randomBytes(NONCE_BYTES).toString("base64url"),
    };
  }

  get #passwords(): Passwords {
    return this.#services.serverContext.serverMemory.get(PASSWORDS);
  }

  async #renew(account: Jid, password: string, kept: Credentials): Promise<void> {
    const { log, settings, serverContext } = this.#services;
    try {
      const renewed = await this.#passwords.renew(password, kept, settings.scramRounds);
      await serverContext.store.renewCredentials(account.text, renewed);
    } catch (error) {
      // When too many wait, or the server stops meanwhile, the next login renews the keys.
      if (error instanceof WorkLimitError) return;
      log.warn("cannot renew keys of password", { account: account.text, error });
    }
  }

  #admit(account: Jid): void {
    if (this.#logins.isExhausted(this.#origin, account, this.#services.now())) {
      throw new SaslError("temporary-auth-failure", "Too many failed logins");
    }
    this.#account = account;
  }

  get #origin(): LoginOrigin {
    return { address: this.peer.address, client: this.#client };
  }

  /** Takes the client's next message. Throws SaslError. */
  respond(data: Uint8Array): SaslStep | Promise<SaslStep> {
    if (this.#exchange === undefined) throw new SaslError("malformed-request", "No exchange is under way");
    return this.#exchange.respond(data);
  }

  /** The password was changed after the exchange began with the old one. */
  isOutdated(account: Jid): boolean {
    return this.#services.serverContext.serverMemory.get(PASSWORD_CHANGES).isSince(account, this.#changes);
  }

  /** Ends a successful exchange. Throws SaslError when the password was changed meanwhile. */
  succeed(account: Jid): void {
    if (this.isOutdated(account)) throw new SaslError("not-authorized");
    this.#exchange = undefined;
    const { address } = this.peer;
    if (this.#mechanism !== anonymous) this.#logins.succeed(this.#origin, account);
    this.#services.meters.loggedIn(this.#mechanismName, "success");
    this.#services.log.info("authenticated", { account: account.text, mechanism: this.#mechanismName, address });
  }

  /** For the log; "" before there is one. */
  get #mechanismName(): string {
    return this.#mechanism?.name ?? "";
  }

  #count(condition: SaslErrorCondition): void {
    const now = this.#services.now();
    if (condition === "not-authorized") this.#logins.count(this.#origin, this.#account, now);
    else if (COUNTED.has(condition)) this.#logins.count(this.#origin, undefined, now);
  }

  /** Ends a failed exchange; returns the error for the client. */
  fail(error: unknown): SaslError {
    const { log, meters } = this.#services;
    const { address } = this.peer;
    const mechanism = this.#mechanismName;
    this.#exchange = undefined;
    this.#failures++;
    meters.loggedIn(mechanism, error instanceof SaslError ? error.condition : "temporary-auth-failure");
    if (!(error instanceof SaslError)) {
      log.error("authentication failed", { address, mechanism, error });
      return new SaslError("temporary-auth-failure");
    }
    this.#count(error.condition);
    log.info("authentication refused", { address, mechanism, condition: error.condition });
    return error;
  }
}

/** Refusals that count for the address though no password was checked: a correct client does not cause them. */
const COUNTED: ReadonlySet<SaslErrorCondition> = new Set([
  "incorrect-encoding",
  "invalid-authzid",
  "malformed-request",
]);

/** Base64 as in SASL elements. Throws SaslError incorrect-encoding. */
export function decodeBase64(text: string): Uint8Array {
  if (!BASE64.test(text)) throw new SaslError("incorrect-encoding");
  return Buffer.from(text, "base64");
}

/** The data of a step in base64; undefined when it has none. */
export function encodeStep({ data }: SaslStep): string | undefined {
  return data === undefined ? undefined : Buffer.from(data).toString("base64");
}
