import { describe, expect, test } from "bun:test";
import { SERVICES } from "../../modules/external_services/services_setting.ts";
import { loadConfig } from "../../server/config.ts";
import { nodeSettings } from "../../server/server_settings.ts";

const FILE = `
[[external_services]]
type = "turn"
host = "turn.example.org"
port = 3478
transport = "udp"
secret = "long enough"
`;

describe("the configuration key external_services", () => {
  test("reaches the module of XEP-0215 from the file, and from JSON in the environment", () => {
    const turn = { type: "turn", host: "turn.example.org", port: 3478, transport: "udp", secret: "long enough" };
    expect(nodeSettings(loadConfig({ file: FILE, env: {} })).of(SERVICES)).toEqual([turn] as never);
    const json = JSON.stringify([{ type: "stun", host: "stun.example.org" }]);
    const fromEnvironment = loadConfig({ env: { AMPACT_EXTERNAL_SERVICES: json } });
    expect(nodeSettings(fromEnvironment).of(SERVICES)).toEqual([{ type: "stun", host: "stun.example.org" }]);
    expect(nodeSettings(loadConfig({ env: {} })).of(SERVICES)).toEqual([]);
  });

  test.each([
    ["no JSON", "turn.example.org"],
    ["no host", '[{"type":"turn"}]'],
    ["a port that is none", '[{"type":"turn","host":"x","port":0}]'],
    ["an unknown transport", '[{"type":"turn","host":"x","transport":"sctp"}]'],
    ["a login and a secret", '[{"type":"turn","host":"x","username":"u","password":"p","secret":"long enough"}]'],
    ["an unknown key", '[{"type":"turn","host":"x","colour":"red"}]'],
  ])("refuses %s, and names the key", (_, text) => {
    expect(() => loadConfig({ env: { AMPACT_EXTERNAL_SERVICES: text } })).toThrow(/EXTERNAL_SERVICES/);
  });
});
