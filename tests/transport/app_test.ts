import { describe, expect, test } from "bun:test";
import { Hono } from "hono";
import { createTransports } from "../../transport/transports.ts";
import { fakeServices } from "./fake_services.ts";

describe("host-meta (XEP-0156)", () => {
  test.each([
    ["http://localhost:5280", {}, undefined, "ws://localhost:5280/xmpp-websocket", "http://localhost:5280/http-bind"],
    ["https://chat.example", {}, undefined, "wss://chat.example/xmpp-websocket", "https://chat.example/http-bind"],
    [
      "http://chat.example",
      { "x-forwarded-proto": "https" },
      undefined,
      "wss://chat.example/xmpp-websocket",
      "https://chat.example/http-bind",
    ],
    [
      "http://10.0.0.1:5280",
      {},
      "https://chat.example/xmpp/",
      "wss://chat.example/xmpp/xmpp-websocket",
      "https://chat.example/xmpp/http-bind",
    ],
  ])("asked at %s with %j, public URL %s", async (url, headers, publicUrl, websocket, bosh) => {
    const { app } = createTransports(fakeServices({ publicUrl }));
    const response = await app.request(`${url}/.well-known/host-meta`, { headers });
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    expect(response.headers.get("content-type")).toStartWith("application/xrd+xml");
    expect(await response.text()).toBe(
      '<?xml version="1.0" encoding="utf-8"?><XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">' +
        `<Link rel="urn:xmpp:alt-connections:websocket" href="${websocket}"/>` +
        `<Link rel="urn:xmpp:alt-connections:xbosh" href="${bosh}"/></XRD>`,
    );
    const json = await app.request(`${url}/.well-known/host-meta.json`, { headers });
    expect(json.headers.get("access-control-allow-origin")).toBe("*");
    expect(await json.json()).toEqual({
      links: [
        { rel: "urn:xmpp:alt-connections:websocket", href: websocket },
        { rel: "urn:xmpp:alt-connections:xbosh", href: bosh },
      ],
    });
  });
});

describe("the app", () => {
  test("shows where the endpoints are", async () => {
    const app = new Hono().route("/", createTransports(fakeServices()).app);
    expect(await (await app.request("/")).text()).toBe(
      "ampact, an XMPP server for localhost, example.org\nWebSocket: /xmpp-websocket\nBOSH: /http-bind\n",
    );
  });
});
