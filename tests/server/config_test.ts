import { describe, expect, test } from "bun:test";
import { type ConfigOptions, describeConfig, loadConfig, unknownVariables } from "../../server/config.ts";
import { ConfigError } from "../../server/config_error.ts";

type Env = Readonly<Record<string, string>>;

function load(file: string, env: Env = {}, options: ConfigOptions = {}) {
  return loadConfig({ file, env, options });
}

function messageOf(file: string, env: Env = {}, options: ConfigOptions = {}): string {
  try {
    load(file, env, options);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return "accepted";
}

describe("loadConfig()", () => {
  test("gives every key its default", () => {
    const config = loadConfig({ env: {} });
    expect(config.domains).toEqual(["localhost"]);
    expect(config.http).toEqual({
      host: "127.0.0.1",
      port: 5280,
      publicUrl: undefined,
      allowedOrigins: [],
      trustedProxies: [],
    });
    expect(config.c2s).toEqual({ host: "127.0.0.1", port: 5222, tlsPort: 5223, proxyProtocol: false });
    expect(config.tls).toEqual({ cert: undefined, key: undefined });
    expect(config.store).toEqual({ url: "sqlite:data/ampact.db", keyFile: "data/ampact.db.key", pendingDelayMs: 250 });
    expect(config.auth).toEqual({ plainWithoutTls: "loopback", anonymous: false, scramRounds: 10_000, maxAttempts: 5 });
    expect(config.amp).toEqual({ presencePolicy: "subscribed", maxRules: 32, maxHorizonDays: 36525 });
    expect(config.sm.resumeSeconds).toBe(300);
    expect(config.limits.registrationsPerHourPerAddress).toBe(20);
    expect(config.contact.abuse).toEqual([]);
  });

  test("reads the file, and the environment over it, and options over both", () => {
    const file = 'domains = ["a.example", "b.example"]\n[http]\nport = 1\nhost = "::1"\n[archive]\nenabled = false\n';
    const env = { AMPACT_HTTP_PORT: "2", AMPACT_ARCHIVE_KEEP_DAYS: "7", PATH: "/bin" };
    const config = load(file, env, { archive: { keepDays: 8 }, http: undefined });
    expect(config.domains).toEqual(["a.example", "b.example"]);
    expect(config.http).toEqual({ host: "::1", port: 2, publicUrl: undefined, allowedOrigins: [], trustedProxies: [] });
    expect(config.archive).toEqual({ enabled: false, keepDays: 8, keepMessages: 0 });
  });

  test.each([
    ["AMPACT_DOMAINS", "Chat.Example, other.example", (c: Loaded) => c.domains, ["chat.example", "other.example"]],
    ["AMPACT_DATA_DIR", "/var/ampact", (c: Loaded) => c.store.url, "sqlite:/var/ampact/ampact.db"],
    ["AMPACT_STORE_URL", "sqlite::memory:", (c: Loaded) => c.store.url, "sqlite::memory:"],
    ["AMPACT_C2S_TLS_PORT", "0", (c: Loaded) => c.c2s.tlsPort, 0],
    ["AMPACT_OFFLINE_ENABLED", "false", (c: Loaded) => c.offline.enabled, false],
    ["AMPACT_AUTH_PLAIN_WITHOUT_TLS", "never", (c: Loaded) => c.auth.plainWithoutTls, "never"],
    ["AMPACT_AMP_PRESENCE_POLICY", "open", (c: Loaded) => c.amp.presencePolicy, "open"],
    ["AMPACT_LOG_LEVEL", "debug", (c: Loaded) => c.log.level, "debug"],
    [
      "AMPACT_CONTACT_ADMIN",
      "mailto:a@b.example,xmpp:a@b.example",
      (c: Loaded) => c.contact.admin,
      ["mailto:a@b.example", "xmpp:a@b.example"],
    ],
  ])("reads %s=%s", (name, text, read, expected) => {
    expect(read(load("", { [name]: text }))).toEqual(expected);
  });

  test.each([
    ["", {}, "local"],
    ['[http]\nhost = "0.0.0.0"', {}, "local"],
    ['domains = ["localhost", "a.example"]', {}, "closed"],
    ['domains = ["a.example"]', {}, "closed"],
    ['domains = ["a.example"]\nregistration = "local"', {}, "local"],
    ['registration = "open"\n[http]\nhost = "0.0.0.0"', {}, "open"],
    ["", { AMPACT_REGISTRATION: "closed" }, "closed"],
  ] as const)("with %p and %p registration is %s", (file, env, registration) => {
    expect(load(file, env).registration).toBe(registration);
  });

  test("bounds what is kept, without a word in the file", () => {
    const { archive, limits } = load("");
    expect(archive.keepDays).toBe(365);
    expect(limits).toMatchObject({ offlineMessagesFromSender: 1000, offlineMessagesFromStrangers: 100 });
  });

  test("lifts limits of rate, and for one address or sender, and no others, under the profile bench", () => {
    const { limits: usual } = load("");
    const { limits: bench } = load('[limits]\nprofile = "bench"\nconnections_per_address = 7');
    expect(bench).toEqual({
      ...usual,
      profile: "bench",
      stanzasPerSecond: 0,
      bytesPerSecond: 0,
      workMsPerSecond: 0,
      loginsPerMinutePerAddress: 0,
      loginsPerMinutePerAddressAndAccount: 0,
      loginsPerHourPerAccount: 0,
      registrationsPerHourPerAddress: 0,
      connectionsPerAddress: 7,
      httpUploadsPerAddress: 0,
      offlineMessagesFromSender: 0,
      offlineMessagesFromStrangers: 0,
      apiRequestsPerSecond: 0,
    });
  });

  test.each([
    ["[http]\nport = 70000", {}, "http.port: 70000 given, expected a whole number from 0 to 65535"],
    ["[http]\nport = 1.5", {}, "http.port: 1.5 given, expected a whole number"],
    ['[http]\nport = "80"', {}, 'http.port: "80" given, expected a whole number'],
    ['[http]\nhost = ""', {}, 'http.host: "" given, expected a host name or an IP address'],
    [
      "[http]\nprot = 80",
      {},
      "http.prot: 80 given, expected a known key: http.host, http.port, http.public_url, http.allowed_origins, http.trusted_proxies",
    ],
    [
      "http = 80",
      {},
      "http: 80 given, expected a known key: http.host, http.port, http.public_url, http.allowed_origins, http.trusted_proxies",
    ],
    [
      '[http]\npublic_url = "chat.example"',
      {},
      'http.public_url: "chat.example" given, expected an http: or https: URL',
    ],
    [
      '[http]\ntrusted_proxies = ["10.0.0.0/33"]',
      {},
      'http.trusted_proxies: ["10.0.0.0/33"] given, expected a list of IP addresses',
    ],
    [
      "",
      { AMPACT_HTTP_TRUSTED_PROXIES: "10.0.0.1, proxy" },
      'AMPACT_HTTP_TRUSTED_PROXIES: ["10.0.0.1","proxy"] given, expected a list of IP addresses',
    ],
    ["domains = []", {}, "domains: [] given, expected a list of domain names, at least one"],
    ['domains = ["a@b"]', {}, 'domains: ["a@b"] given, expected a list of domain names'],
    ['domains = "a"', {}, 'domains: "a" given, expected a list of domain names'],
    ['registration = "yes"', {}, 'registration: "yes" given, expected one of open, local, closed'],
    ["[archive]\nenabled = 1", {}, "archive.enabled: 1 given, expected true or false"],
    ['[store]\nurl = "mysql://x"', {}, 'store.url: "mysql://x" given, expected sqlite:<file> or sqlite::memory:'],
    ['[contact]\nadmin = ["me"]', {}, 'contact.admin: ["me"] given, expected a list of URIs'],
    ['[tls]\ncert = "a.pem"', {}, "tls.key: nothing given, expected both tls.cert and tls.key, or neither"],
    ["a = 1979-05-27", {}, 'a: "1979-05-27" given, expected a known key'],
    ["__proto__ = 1", {}, "__proto__: 1 given, expected a known key"],
    ["domains = [", {}, "line 1, column "],
    ["", { AMPACT_HTTP_PORT: "many" }, 'AMPACT_HTTP_PORT: "many" given, expected a whole number from 0 to 65535'],
    [
      "",
      { AMPACT_HTTP_ALLOWED_ORIGINS: "https://a.example/x" },
      'AMPACT_HTTP_ALLOWED_ORIGINS: ["https://a.example/x"] given',
    ],
    ["", { AMPACT_HTTP_PORT: "" }, 'AMPACT_HTTP_PORT: "" given, expected a whole number'],
    ["", { AMPACT_DOMAINS: " , " }, "AMPACT_DOMAINS: [] given, expected a list of domain names"],
    ["", { AMPACT_AUTH_ANONYMOUS: "yes" }, 'AMPACT_AUTH_ANONYMOUS: "yes" given, expected true or false'],
  ] as [string, Env, string][])("refuses %p with %p", (file, env, message) => {
    expect(messageOf(file, env)).toContain(`Cannot use configuration ${message}`);
  });

  test("refuses a bad option as it does a bad key", () => {
    expect(messageOf("", {}, { http: { port: -1 } })).toContain("http.port: -1 given, expected a whole number");
    expect(messageOf("", {}, { htpp: 1 } as ConfigOptions)).toContain("htpp: 1 given, expected a known option");
  });

  test("knows which variables are no settings, and goes on without them", () => {
    const env = { AMPACT_HTTP_PROT: "1", AMPACT_HTTP_PORT: "2", AMPACT_CONFIG: "x", PATH: "/bin" };
    expect(load("", env).http.port).toBe(2);
    const [unknown, ...more] = unknownVariables(env);
    expect(unknown).toEqual({ name: "AMPACT_HTTP_PROT", meant: "AMPACT_HTTP_PORT" });
    expect(more).toEqual([]);
  });

  test.each([
    ['[gateways."sms.example"]\nurl = "no"\nsecret = "hunter2"', {}],
    ["", { AMPACT_EXTERNAL_SERVICES: '[{"type":"turn","password":"hunter2"}]' }],
    ['[auth]\nadmin_password = "hunter2"', {}],
    ['[http]\ntoken = "hunter2"', {}],
    ['[[turn]]\nsecret = "hunter2"', {}],
    ['[c2s]\nport = { secret = "hunter2" }', {}],
  ] as [string, Env][])("shows no secret of %p and %p", (file, env) => {
    const message = messageOf(file, env);
    expect(message).toContain("a value that is not shown given");
    expect(message).not.toContain("hunter2");
  });

  test("names every problem at once", () => {
    const message = messageOf("[http]\nport = -1\nprot = 2", { AMPACT_LOG_LEVEL: "loud" });
    expect(message.split("\n")).toHaveLength(3);
  });

  test("leaves AMPACT_CONFIG, which names the file, alone", () => {
    expect(messageOf("", { AMPACT_CONFIG: "/etc/ampact.toml" })).toBe("accepted");
  });
});

describe("describeConfig()", () => {
  test("lists key, variable, meaning and default", () => {
    const text = describeConfig();
    expect(text).toContain("  http.port ");
    expect(text).toContain("AMPACT_HTTP_PORT\n      port of WebSocket, BOSH and host-meta");
    expect(text).toContain("default: 5280");
    expect(text).toContain("default: sqlite:<data_dir>/ampact.db");
  });

  test("names each variable once", () => {
    const names = describeConfig().match(/AMPACT_\w+$/gm) ?? [];
    expect(names.length).toBeGreaterThan(50);
    expect(new Set(names).size).toBe(names.length);
  });

  test("shows defaults that the checks accept", () => {
    for (const [, name = "", text = ""] of describeConfig().matchAll(/(AMPACT_\w+)\n.*\n {6}default: (\S+)$/gm)) {
      if (text !== "none" && !text.includes("<")) expect(messageOf("", { [name]: text })).toBe("accepted");
    }
  });
});

type Loaded = ReturnType<typeof loadConfig>;
