import { expect, test } from "bun:test";
import { commandPrefix } from "../../cli/command_prefix.ts";

test.each([
  ["/app/scripts/server.ts", {}, "bun run server"],
  ["/app/scripts/server.ts", { npm_config_user_agent: "npm/11" }, "npm run server --"],
  ["/app/node_modules/ampact/dist/scripts/server.js", { npm_config_user_agent: "npm/11" }, "ampact"],
  ["/app/node_modules/.bin/ampact", {}, "ampact"],
  ["/app/node_modules/ampact/bin/ampact.js", {}, "ampact"],
])("commandPrefix() of %s with %j is %s", (script, env, expected) => {
  expect(commandPrefix(env, script)).toBe(expected);
});
