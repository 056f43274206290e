/** `check-config` and `print-config`. @module */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import {
  CONFIG_FILE_VARIABLE,
  DEFAULT_CONFIG_FILE,
  loadConfig,
  printConfig,
  unknownVariables,
} from "../server/config.ts";
import { configSources } from "./config_sources.ts";

/** The lines to print. Throws ConfigError with every fault. */
export function checkConfig(env: NodeJS.ProcessEnv = process.env): readonly string[] {
  loadConfig({ env, ...configSources(env) });
  const unknown = unknownVariables(env).map(
    ({ name, meant }) => `Unknown variable ${name}${meant === undefined ? "" : ` (did you mean ${meant}?)`}`,
  );
  return [...unknown, `The configuration is right: ${origin(env)}`];
}

/** The same. */
export function printedConfig(env: NodeJS.ProcessEnv = process.env): readonly string[] {
  const sources = { env, ...configSources(env) };
  loadConfig(sources);
  return [`# ${origin(env)}`, ...printConfig(sources)];
}

function origin(env: NodeJS.ProcessEnv): string {
  const path = resolve(env[CONFIG_FILE_VARIABLE] ?? DEFAULT_CONFIG_FILE);
  return existsSync(path) ? `${path}, and the environment` : `no file ${path}; the environment alone`;
}
