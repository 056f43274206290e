/** Where the command line's configuration comes from. @module */
import { readFileSync } from "node:fs";
import { CONFIG_FILE_VARIABLE, DEFAULT_CONFIG_FILE, parseToml } from "../server/config.ts";
import { ConfigError } from "../server/config_error.ts";
import type { ServerOptions } from "../server/create_server.ts";

/** The configuration file's text, if there is one, and the environment. Throws ConfigError. */
export function configSources(env: NodeJS.ProcessEnv = process.env): Pick<ServerOptions, "file" | "env"> {
  const named = env[CONFIG_FILE_VARIABLE];
  const path = named ?? DEFAULT_CONFIG_FILE;
  try {
    const file = readFileSync(path, "utf8");
    // Whoever gets the text alone cannot name its file.
    parseToml(file, path);
    return { env, file };
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" && named === undefined) return { env };
    throw new ConfigError([
      { name: CONFIG_FILE_VARIABLE, value: path, expected: `a file that can be read (${message})` },
    ]);
  }
}
