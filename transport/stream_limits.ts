import { MAX_PASSWORDS_WAITING, PASSWORDS_AT_ONCE } from "../modules/passwords.ts";
import { AttemptLimit } from "./attempt_limit.ts";
import { trustProxies } from "./client_address.ts";
import { FailedLogins } from "./failed_logins.ts";
import { PasswordTurns } from "./password_turns.ts";
import { FastTokens } from "./sasl2/fast_tokens.ts";
import { AuthFeatures } from "./stream_features.ts";
import type { StreamServices } from "./stream_services.ts";

const HOUR = 3_600_000;

/** Turns for each password check. With fewer turns the store reads one account at a time, which costs more. */
const TURNS = 8;

/** An eighth of all that may wait: far more than an account has sessions. */
const MAX_OF_ONE_ACCOUNT = MAX_PASSWORDS_WAITING / 8;

/** Limits that all streams of one server share. */
export interface StreamLimits {
  readonly logins: FailedLogins;
  /** By limitKey() of the address. */
  readonly registrations: AttemptLimit;
  /** Turns of streams whose login needs a password check. */
  readonly passwordTurns: PasswordTurns;
  readonly tokens: FastTokens;
  readonly authFeatures: AuthFeatures;
  /** The IQs that modules answer before authentication, as keys of IqHandlers. */
  readonly preAuthKeys: ReadonlySet<string>;
}

export function createStreamLimits(services: StreamServices): StreamLimits {
  const { settings, registry } = services;
  return {
    logins: new FailedLogins(settings.failedLogins, trustProxies(settings.trustedProxies)),
    registrations: new AttemptLimit(settings.registrationsPerHour, HOUR),
    passwordTurns: new PasswordTurns(TURNS * PASSWORDS_AT_ONCE, MAX_PASSWORDS_WAITING, MAX_OF_ONE_ACCOUNT),
    tokens: new FastTokens({
      store: () => services.serverContext.store,
      credentials: (account) => services.credentials(account),
      now: () => services.now(),
    }),
    authFeatures: new AuthFeatures(services),
    preAuthKeys: new Set(registry.modules.flatMap((module) => Object.keys(module.preAuthIq ?? {}))),
  };
}
