import { describe, expect, test } from "bun:test";
import { Webhook } from "standardwebhooks";
import type { GatewayMessage } from "../../destinations/gateway.ts";
import { loadConfig } from "../../server/config.ts";
import { createWebhook, SIGNATURE_HEADER, signature } from "../../server/gateway_webhook.ts";
import { createGateways } from "../../server/gateways.ts";

const SECRET = "sixteen or more characters";
const file = (table: string) => `[gateways."SMS.example.org"]\n${table}`;
const sound = `url = "https://hooks.example.org/sms"\nsecret = "${SECRET}"\n`;

describe("the configuration key gateways", () => {
  test("is a table of domains, with defaults", () => {
    expect(loadConfig({ file: file(sound), env: {} }).gateways).toEqual({
      "sms.example.org": { url: "https://hooks.example.org/sms", secret: SECRET, timeoutSeconds: 10, retryHours: 72 },
    });
    expect(loadConfig({ env: {} }).gateways).toEqual({});
  });

  test("is JSON in the environment, which goes before the file", () => {
    const json = {
      "fax.example.org": { url: "http://127.0.0.1:9/", secret: SECRET, timeout_seconds: 3, retry_hours: 1 },
    };
    const { gateways } = loadConfig({ file: file(sound), env: { AMPACT_GATEWAYS: JSON.stringify(json) } });
    expect(gateways).toEqual({
      "fax.example.org": { url: "http://127.0.0.1:9/", secret: SECRET, timeoutSeconds: 3, retryHours: 1 },
    });
  });

  const faults: readonly [string, string][] = [
    ["no secret", `url = "https://hooks.example.org"`],
    ["a short secret", `url = "https://hooks.example.org"\nsecret = "short"`],
    ["a URL of another kind", `url = "ftp://hooks.example.org"\nsecret = "${SECRET}"`],
    ["an unknown key", `${sound}colour = "red"`],
    ["no time at all", `${sound}timeout_seconds = 0`],
  ];
  test.each(faults)("stops the start with %s", (_, table) => {
    expect(() => loadConfig({ file: file(table), env: {} })).toThrow("Cannot use configuration gateways");
  });
});

describe("createGateways()", () => {
  test("joins webhooks and functions", () => {
    const gateways = createGateways(
      loadConfig({ file: file(sound), env: {} }),
      {
        "Fax.example.org": () => "accepted",
      },
      Date.now,
    );
    expect([...gateways.keys()]).toEqual(["sms.example.org", "fax.example.org"]);
    expect([...gateways].map(([domain, gateway]) => gateway.serves(domain))).toEqual([true, true]);
  });

  test.each(["localhost", "user@example.org", "@"])("refuses %s", (domain) => {
    expect(() => createGateways(loadConfig({ env: {} }), { [domain]: () => "accepted" }, Date.now)).toThrow("gateways");
  });
});

describe("createWebhook()", () => {
  const message: GatewayMessage = {
    id: "i1",
    from: "romeo@localhost/orchard",
    to: "+4912@sms.example.org",
    type: "chat",
    subject: undefined,
    body: "Hi",
    stanza: "<message/>",
    sentAt: Date.UTC(2026, 10, 22, 12),
    attempt: 1,
  };

  /** What it makes of an HTTP status; the request is looked at. */
  async function answered(status: number): Promise<string> {
    const endpoint = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      async fetch(request) {
        const body = await request.text();
        expect(request.headers.get(SIGNATURE_HEADER)).toBe(signature(body, SECRET));
        const verified = new Webhook(SECRET, { format: "raw" }).verify(body, Object.fromEntries(request.headers));
        expect(request.headers.get("webhook-id")).toBe(message.id);
        expect(verified).toMatchObject({ id: "i1", body: "Hi", sentAt: "2026-11-22T12:00:00.000Z" });
        return new Response(null, { status, headers: { location: "/elsewhere" } });
      },
    });
    try {
      const webhook = createWebhook({ url: endpoint.url.href, secret: SECRET }, Date.now);
      return await webhook(message, new AbortController().signal);
    } catch (error) {
      return (error as Error).message.replace(/^.*: /, "");
    } finally {
      await endpoint.stop(true);
    }
  }

  test.each([
    [200, "accepted"],
    [204, "accepted"],
    [400, "refused"],
    [404, "refused"],
    [410, "refused"],
    [302, "HTTP status 302"],
    [408, "HTTP status 408"],
    [425, "HTTP status 425"],
    [429, "HTTP status 429"],
    [500, "HTTP status 500"],
    [503, "HTTP status 503"],
  ])("takes %d for: %s", async (status, answer) => {
    expect(await answered(status)).toBe(answer);
  });

  test("nobody there is no answer", async () => {
    const webhook = createWebhook({ url: "http://127.0.0.1:9/", secret: SECRET }, Date.now);
    await expect(Promise.resolve(webhook(message, new AbortController().signal))).rejects.toThrow();
  });
});
