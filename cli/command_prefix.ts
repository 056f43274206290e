/** The script of the installed package: what its command `ampact` is a link to, or what that starts. */
const INSTALLED = /[\\/](?:ampact(?:\.js)?|dist[\\/]scripts[\\/]server\.js)$/;

/** The command by which the user runs this program, for texts that the user can type. */
export function commandPrefix(env: NodeJS.ProcessEnv = process.env, script = process.argv[1] ?? ""): string {
  if (INSTALLED.test(script)) return "ampact";
  if ("Deno" in globalThis) return "deno task server";
  return env.npm_config_user_agent?.startsWith("npm/") ? "npm run server --" : "bun run server";
}
