/** The command by which the user runs this program, for texts that the user can type. */
export function commandPrefix(env: NodeJS.ProcessEnv = process.env): string {
  if ("Deno" in globalThis) return "deno task server";
  return env.npm_config_user_agent?.startsWith("npm/") ? "npm run server --" : "bun run server";
}
