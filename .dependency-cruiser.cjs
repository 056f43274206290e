/** Which floor may import which: the picture is in docs/ARCHITECTURE.md. A type-only import counts like any other. */
const FLOORS = {
  xmpp: [],
  amp: ["xmpp"],
  store: ["xmpp"],
  modules: ["xmpp", "amp", "store", "outcomes"],
  outcomes: ["xmpp", "amp", "store"],
  actors: ["xmpp", "amp", "store", "modules", "outcomes"],
  destinations: ["xmpp", "amp", "store", "modules", "outcomes", "actors"],
  transport: ["xmpp", "amp", "store", "modules", "outcomes", "actors", "destinations"],
  server: ["xmpp", "amp", "store", "modules", "outcomes", "actors", "destinations", "transport"],
  cli: ["xmpp", "amp", "store", "modules", "outcomes", "actors", "destinations", "transport", "server"],
  client: [],
};

const PACKAGE = "node_modules/";
const folder = (name) => `^${name}/`;

const floors = Object.entries(FLOORS).map(([floor, below]) => ({
  name: `floor-${floor}`,
  comment: `${floor}/ may import ${[...below, "itself"].join(", ")} only`,
  severity: "error",
  from: { path: folder(floor) },
  to: {
    pathNot: [PACKAGE, ...[floor, ...below].map(folder)],
    dependencyTypesNot: ["core"],
  },
}));

const TOOLS = ["^scripts/", "^bench/", "^chaos/", "^fuzz/"];
const FACES = "^(mod|bun|deno)\\.ts$";
const LIBRARY = [FACES, ...Object.keys(FLOORS).map(folder)];

module.exports = {
  forbidden: [
    ...floors,
    {
      name: "public-face",
      comment: "mod.ts, bun.ts and deno.ts import the floors, not scripts, tests or examples",
      severity: "error",
      from: { path: FACES },
      to: { path: TOOLS.concat("^cli/", "^tests/", "^examples/", "^client/") },
    },
    {
      name: "testing-the-store",
      comment: "testing/ is published: it knows the store's contract, and no other store than the one it is given",
      severity: "error",
      from: { path: "^testing/" },
      to: {
        pathNot: ["^testing/", "^store/store\\.ts$", "^xmpp/", PACKAGE, "^bun:test$"],
        dependencyTypesNot: ["core"],
      },
    },
    {
      name: "client-alone",
      comment: "client/ runs in browsers: it imports no package and no runtime module",
      severity: "error",
      from: { path: "^client/" },
      to: { pathNot: "^client/" },
    },
    {
      name: "examples-use-the-public-face",
      comment: "an example shows what an app can do: mod.ts, bun.ts, deno.ts and client/mod.ts only",
      severity: "error",
      from: { path: "^examples/" },
      to: { path: LIBRARY.concat(TOOLS, "^tests/"), pathNot: [FACES, "^client/mod\\.ts$"] },
    },
    {
      name: "scripts-not-tests",
      comment: "a script, a benchmark, the chaos harness or the fuzzer does not depend on the tests",
      severity: "error",
      from: { path: TOOLS },
      to: { path: "^tests/" },
    },
    {
      name: "no-circle",
      comment: "no import circle, type-only imports included",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "runtime-modules",
      comment: "modules of one runtime belong to transport/, server/, cli/, scripts/, bench/, chaos/ and fuzz/",
      severity: "error",
      from: { path: LIBRARY, pathNot: ["^transport/", "^server/", "^cli/"] },
      to: { path: ["^bun(:|$)", "hono/dist/.*adapter/(bun|deno)/"] },
    },
    {
      name: "own-types-of-bun",
      comment: "types of what is published need no development package: transport/bun_types.ts has those of Bun",
      severity: "error",
      from: { path: LIBRARY },
      to: { path: ["^bun$", "node_modules/(@types/bun|bun-types)/"] },
    },
    {
      name: "no-development-package",
      comment: "what is published imports only packages listed under dependencies",
      severity: "error",
      from: { path: LIBRARY.concat("^scripts/server\\.ts$") },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"], pathNot: "node_modules/@types/" },
    },
    {
      name: "resolvable",
      comment: "every import leads somewhere",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: PACKAGE },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["bun", "import", "node", "default", "types"],
    },
    builtInModules: { add: ["bun", "bun:test", "node:sqlite", "sqlite"] },
  },
};
