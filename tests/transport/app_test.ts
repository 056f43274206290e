import { describe, expect, test } from "bun:test";
import { Hono } from "hono";
import { createFetch } from "../../transport/app.ts";
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
  const ours = createTransports(fakeServices()).app;
  const shop = () => new Hono().get("/", (c) => c.text("shop")).get("/orders", (c) => c.text("orders"));

  test.each([
    ["before", () => new Hono().route("/", ours).route("/", shop())],
    ["after", () => shop().route("/", ours)],
    ["below a path, before", () => new Hono().route("/chat", ours).route("/", shop())],
  ])("mounted %s the routes of another, takes none of them", async (_, mounted) => {
    const app = mounted();
    expect(await (await app.request("/")).text()).toBe("shop");
    expect(await (await app.request("/orders")).text()).toBe("orders");
    expect((await app.request("/chat")).status).toBe(404);
    expect((await app.request("/nothing")).status).toBe(404);
  });

  test.each([
    ["/.well-known/host-meta.json", ""],
    ["/chat/.well-known/host-meta.json", "/chat"],
    ["/a/b/.well-known/host-meta.json", "/a/b"],
  ])("answers at %s with the endpoints beside it", async (path, prefix) => {
    const mounted = new Hono().route(prefix === "" ? "/" : prefix, ours);
    const fetched = createFetch(ours);
    for (const fetch of [mounted.fetch, fetched]) {
      const response = await fetch(new Request(`http://chat.example${path}`));
      expect(await response.json()).toEqual({
        links: [
          { rel: "urn:xmpp:alt-connections:websocket", href: `ws://chat.example${prefix}/xmpp-websocket` },
          { rel: "urn:xmpp:alt-connections:xbosh", href: `http://chat.example${prefix}/http-bind` },
        ],
      });
    }
  });

  test.each(["/", "/orders", "/http-binder", "/xmpp-websocket/more"])("its fetch() has nothing at %s", async (path) => {
    expect((await createFetch(ours)(new Request(`http://chat.example${path}`))).status).toBe(404);
  });
});
