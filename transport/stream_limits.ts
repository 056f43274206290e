import { AttemptLimit } from "./attempt_limit.ts";
import type { StreamServices } from "./stream_services.ts";

const MINUTE = 60_000;
const HOUR = 3_600_000;

/** What all streams of one server share. */
export interface StreamLimits {
  readonly logins: AttemptLimit;
  readonly registrations: AttemptLimit;
  /** The IQs that modules answer before authentication, as keys of IqHandlers. */
  readonly preAuthKeys: ReadonlySet<string>;
}

export function createStreamLimits({ settings, registry }: StreamServices): StreamLimits {
  return {
    logins: new AttemptLimit(settings.failedLoginsPerMinute, MINUTE),
    registrations: new AttemptLimit(settings.registrationsPerHour, HOUR),
    preAuthKeys: new Set(registry.modules.flatMap((module) => Object.keys(module.preAuthIq ?? {}))),
  };
}
