/** The configuration key `external_services`: what XEP-0215 tells clients of, such as STUN and TURN servers. @module */
import * as v from "valibot";
import type { ExternalService } from "../modules/module.ts";
import type { Setting } from "./config_setting.ts";
import { fromJson } from "./from_json.ts";

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

export function externalServicesSetting(about: string): Setting<readonly ExternalService[]> {
  return {
    schema: v.array(service) as v.GenericSchema<unknown, readonly ExternalService[]>,
    expected:
      "a list of services, each with type and host, and perhaps port, transport (tcp or udp), name, and either username and password or a secret of 8 characters or more",
    about,
    fromText: fromJson,
    fallback: () => [],
    fallbackText: "none",
  };
}
