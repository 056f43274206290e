/**
 * The configuration key `external_services`: the services that XEP-0215 announces, such as STUN and TURN servers.
 * @module
 */
import * as v from "valibot";
import { fromJson } from "../from_json.ts";
import type { Setting } from "../setting.ts";

/** A STUN or TURN server, or the like (XEP-0215 section 3.2). */
export interface ExternalService {
  readonly type: string;
  readonly host: string;
  readonly port?: number | undefined;
  readonly transport?: "tcp" | "udp" | undefined;
  readonly name?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Shared with the service: each user gets a login that expires, instead of a fixed one. */
  readonly secret?: string | undefined;
}

const text = v.pipe(v.string(), v.minLength(1));

const service = v.pipe(
  v.strictObject({
    type: text,
    host: text,
    port: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535))),
    transport: v.optional(v.picklist(["tcp", "udp"])),
    name: v.optional(text),
    username: v.optional(text),
    password: v.optional(text),
    secret: v.optional(v.pipe(v.string(), v.minLength(8))),
  }),
  v.check(({ username, password, secret }) => secret === undefined || (username ?? password) === undefined),
);

export const SERVICES: Setting<readonly ExternalService[]> = {
  schema: v.array(service) as v.GenericSchema<unknown, readonly ExternalService[]>,
  expected:
    "a list of services, each with type and host, and perhaps port, transport (tcp or udp), name, and either username and password or a secret of 8 characters or more",
  about: "STUN, TURN and other services that clients are told about (XEP-0215); JSON in the environment",
  fromText: fromJson,
  fallback: () => [],
  fallbackText: "none",
};
