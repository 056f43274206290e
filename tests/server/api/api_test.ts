import { expect, test } from "bun:test";
import { connect } from "node:net";
import { createInlineStore } from "../../../store/sqlite_store.ts";
import { type Store, type StoreCall, StoreFault } from "../../../store/store.ts";
import { GatedStore } from "../../actors/delivery/gated_store.ts";
import { ApiClient, type Ask } from "./api_client.ts";
import { useApi } from "./api_stage.ts";

const begin = useApi();
const TYPE = "urn:ampact:problem:";
const TO = "juliet@localhost";

const PATHS = [
  ["POST", "/messages"],
  ["GET", "/messages/x"],
  ["POST", "/explain"],
  ["GET", "/outcomes"],
  ["GET", "/outcomes/stream"],
  ["GET", "/openapi.json"],
  ["DELETE", "/messages"],
  ["GET", "/nowhere"],
] as const;

test("without a token the API is not there", async () => {
  const { port, server } = await begin();
  const stranger = new ApiClient(`http://127.0.0.1:${port}/api`);
  const elsewhere = await new ApiClient(`http://127.0.0.1:${port}`).get("/nowhere");
  for (const [method, path] of PATHS) {
    const { status, body } = await stranger.ask(method, path);
    expect({ status, body }).toEqual({ status: 404, body: elsewhere.body });
  }
  await server.tokens.add("first", ["read"]);
  expect((await stranger.get("/outcomes")).status).toBe(401);
  await server.tokens.remove("first");
  expect((await stranger.get("/outcomes")).status).toBe(404);
});

test("whoever has no valid token gets one answer for all paths", async () => {
  const { port, client } = await begin();
  const { token = "" } = await client();
  const answers = new Set<string>();
  const wrong = ["", `ampact_${"a".repeat(43)}`, `${token}a`, token.slice(0, -1), "x", token.toUpperCase()];
  for (const given of wrong) {
    for (const [method, path] of PATHS) {
      const answer = await new ApiClient(`http://127.0.0.1:${port}/api`, given).ask(
        method,
        path,
        method === "POST" ? { text: "{" } : {},
      );
      expect(answer.headers.get("www-authenticate")).toBe('Bearer error="invalid_token"');
      answers.add(JSON.stringify([answer.status, answer.headers.get("content-type"), answer.body]));
    }
  }
  expect([...answers].map((text) => JSON.parse(text))).toEqual([
    [401, "application/problem+json", { type: `${TYPE}unauthorized`, title: "A valid token is needed", status: 401 }],
  ]);
  const none = await new ApiClient(`http://127.0.0.1:${port}/api`).get("/outcomes");
  expect(none.headers.get("www-authenticate")).toBe("Bearer");
});

test("a scope allows its own routes only", async () => {
  const { client } = await begin();
  const [sends, reads] = [await client(["send"]), await client(["read"])];
  const refused = { status: 403, body: { type: `${TYPE}missing-scope` } };
  for (const path of ["/messages/x", "/outcomes", "/outcomes/stream"])
    expect(await sends.get(path)).toMatchObject(refused);
  for (const path of ["/messages", "/explain"]) expect(await reads.post(path, { to: TO })).toMatchObject(refused);
  expect((await reads.post("/messages", {})).headers.get("www-authenticate")).toContain('scope="send"');
  for (const each of [sends, reads]) expect((await each.get("/openapi.json")).status).toBe(200);
});

const BAD_MESSAGES: readonly (readonly [json: unknown, at: readonly string[]])[] = [
  [[], ["/to"]],
  [null, [""]],
  ["text", [""]],
  [{}, ["/to"]],
  [{ to: 5 }, ["/to"]],
  [{ to: "" }, ["/to"]],
  [{ to: "a b@localhost" }, ["/to"]],
  [{ to: "x".repeat(4000) }, ["/to"]],
  [{ to: TO, from: "@" }, ["/from"]],
  [{ to: TO, body: { text: "secret" } }, ["/body"]],
  [{ to: TO, type: "groupchat" }, ["/type"]],
  [{ to: TO, content: "<x/>" }, ["/content"]],
  [{ to: TO, "a/b~c": 1 }, ["/a~1b~0c"]],
  [{ to: TO, rules: {} }, ["/rules"]],
  [{ to: TO, rules: [{ condition: "deliver", value: "direct" }] }, ["/rules/0/action"]],
  [{ from: 1, to: TO, rules: [null] }, ["/from", "/rules/0"]],
];

test.each(BAD_MESSAGES)("a message at fault is refused, and its place named: case %#", async (json, at) => {
  const { client } = await begin();
  for (const path of ["/messages", "/explain"]) {
    const { status, body, headers } = await (await client()).post(path, json);
    expect(status).toBe(422);
    expect(headers.get("content-type")).toBe("application/problem+json");
    expect(body.type).toBe(`${TYPE}invalid-message`);
    expect(body.errors.map((error: { at: string }) => error.at)).toEqual(at);
    expect(JSON.stringify(body)).not.toMatch(/secret|x{100}/);
  }
});

test("each rule at fault is named, and nothing is sent", async () => {
  const { client } = await begin();
  const api = await client();
  const good = { condition: "deliver", value: "direct", action: "notify" };
  const bad = [
    { condition: "expire-at", value: "tomorrow", action: "drop" },
    { condition: "deliver", value: "sotred", action: "drop" },
  ];
  for (const path of ["/messages", "/explain"]) {
    const { status, body } = await api.post(path, { to: TO, rules: [good, ...bad] });
    expect({ status, type: body.type }).toEqual({ status: 422, type: `${TYPE}invalid-rules` });
    expect(body.errors.map(({ rule }: { rule: object }) => rule)).toEqual(bad);
  }
  expect((await api.get("/outcomes")).body.messages).toEqual([]);
});

const BAD_REQUESTS: readonly (readonly [kind: string, status: number, method: string, path: string, ask: Ask])[] = [
  ["invalid-json", 400, "POST", "/messages", { text: "{" }],
  ["invalid-json", 400, "POST", "/messages", { text: "" }],
  ["invalid-json", 400, "POST", "/messages", { text: new Uint8Array([0x22, 0xff, 0x22]) }],
  ["unsupported-media-type", 415, "POST", "/messages", { text: "{}", headers: { "content-type": "text/plain" } }],
  [
    "unsupported-media-type",
    415,
    "POST",
    "/messages",
    { text: "{}", headers: { "content-type": "application/jsonx" } },
  ],
  ["unsupported-media-type", 415, "POST", "/messages", { text: "{}", headers: { "content-encoding": "gzip" } }],
  ["too-large", 413, "POST", "/messages", { json: { to: TO, body: "x".repeat(65_536) } }],
  ["too-large", 413, "POST", "/explain", { json: { to: TO, body: "x".repeat(5_000_000) } }],
  ["invalid-header", 400, "POST", "/messages", { json: { to: TO }, headers: { "idempotency-key": '""' } }],
  ["invalid-header", 400, "POST", "/messages", { json: { to: TO }, headers: { "idempotency-key": "k".repeat(257) } }],
  ["not-found", 404, "GET", "/messages/unknown", {}],
  ["not-found", 404, "GET", "/messages/%00", {}],
  ["not-found", 404, "GET", "/nowhere", {}],
  ["method-not-allowed", 405, "DELETE", "/messages/x", {}],
  ["method-not-allowed", 405, "GET", "/messages", {}],
  ["invalid-query", 400, "GET", "/outcomes?limit=0", {}],
  ["invalid-query", 400, "GET", "/outcomes?limit=1001", {}],
  ["invalid-query", 400, "GET", "/outcomes?limit=many", {}],
  ["invalid-query", 400, "GET", "/outcomes?since=yesterday", {}],
  ["invalid-query", 400, "GET", "/outcomes?kind=lost", {}],
  ["invalid-query", 400, "GET", "/outcomes?from=@", {}],
  ["invalid-query", 400, "GET", "/outcomes?sender=a", {}],
  ["invalid-query", 400, "GET", "/outcomes/stream?from=a", {}],
  ["cursor-gone", 410, "GET", "/outcomes?cursor=AAAAAAAA.x", {}],
  ["cursor-gone", 410, "GET", "/outcomes?cursor=x", {}],
  ["cursor-gone", 410, "GET", "/outcomes/stream?after=AAAAAAAA.1", {}],
  ["cursor-gone", 410, "GET", "/outcomes/stream?after=1", {}],
  ["cursor-gone", 410, "GET", "/outcomes/stream", { headers: { "last-event-id": "AAAAAAAA.1" } }],
];

test.each(BAD_REQUESTS)("%s: %d for %s %s %j", async (kind, status, method, path, ask) => {
  const { client } = await begin();
  const answer = await (await client()).ask(method, path, ask);
  expect(answer).toMatchObject({ status, body: { type: TYPE + kind, status } });
  expect(answer.body.title).toBeString();
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  expect(answer.headers.get("cache-control")).toBe("no-store");
});

test("a body without a length is read up to its bound", async () => {
  const { client } = await begin();
  let pulled = 0;
  const text = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await Bun.sleep(1);
      if (++pulled > 5000) controller.close();
      else controller.enqueue(new Uint8Array(16_384).fill(0x20));
    },
  });
  const refused = await (await client()).ask("POST", "/messages", { text }).then(
    ({ status }) => status,
    // The server ends the connection, which the client may see first.
    () => 413,
  );
  expect(refused).toBe(413);
  expect(pulled).toBeLessThan(1000);
});

test("a cursor of this store whose step is not there is gone", async () => {
  const { client } = await begin();
  const api = await client();
  await api.post("/messages", { to: TO, body: "hi" });
  const stream = await api.open("/outcomes/stream");
  const [tag, place] = (await stream.next())!.id.split(".");
  stream.close();
  expect((await api.get(`/outcomes/stream?after=${tag}.${Number(place) + 1000}`)).status).toBe(410);
  for (const bad of ["-1", "1.5", "1e999", "x", ""]) {
    expect((await api.get(`/outcomes/stream?after=${tag}.${bad}`)).status).toBe(410);
  }
  expect((await api.get(`/outcomes?cursor=${tag}.unknown`)).status).toBe(410);
});

test("what XML cannot hold is replaced, and breaks nothing", async () => {
  const { client, server } = await begin();
  await server.accounts.add(TO, "secret");
  const api = await client();
  const sent = await api.post("/messages", { to: TO, body: "a\u0000b\ud800<c>&" }, { prefer: "wait=5" });
  expect(sent).toMatchObject({ status: 200, body: { outcome: { kind: "stored" } } });
});

test("an answer comes in time, also while the store commits nothing", async () => {
  const store = new GatedStore();
  const { client } = await begin({ store });
  const api = await client();
  store.isHeld = true;
  const headers = { prefer: "wait=1" };
  const sent = await api.post("/messages", { to: TO, body: "hi" }, headers);
  expect(sent).toMatchObject({ status: 202, body: { accepted: false } });
  store.release();
  store.isHeld = false;
  let answer = await api.get(`/messages/${sent.body.id}`);
  for (let round = 0; answer.body.outcome === undefined && round < 100; round++) {
    await Bun.sleep(20);
    answer = await api.get(`/messages/${sent.body.id}`);
  }
  expect(answer.body.outcome).toMatchObject({ kind: "none" });
});

test("a token that asks too often is refused, others are not", async () => {
  const { client } = await begin({ limits: { apiRequestsPerSecond: 5 }, now: () => 1_700_000_000_000 });
  const [one, other] = [await client(), await client()];
  const statuses: number[] = [];
  for (let i = 0; i < 7; i++) statuses.push((await one.get("/outcomes")).status);
  expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429]);
  const refused = await one.get("/outcomes");
  expect(refused.body.type).toBe(`${TYPE}too-many-requests`);
  expect(refused.headers.get("retry-after")).toBe("1");
  expect((await other.get("/outcomes")).status).toBe(200);
});

test("streams of a token have a bound, and a client that goes gives its place back", async () => {
  const { client } = await begin({ limits: { apiStreams: 2 } });
  const [api, other] = [await client(), await client()];
  const streams = [await api.open("/outcomes/stream"), await api.open("/outcomes/stream")];
  expect(await api.get("/outcomes/stream")).toMatchObject({ status: 429, body: { type: `${TYPE}too-many-streams` } });
  const foreign = await other.open("/outcomes/stream");
  expect(foreign.response.status).toBe(200);
  for (const stream of [...streams, foreign]) stream.close();
  let next = await api.open("/outcomes/stream");
  for (let round = 0; next.response.status !== 200 && round < 50; round++) {
    await Bun.sleep(20);
    next = await api.open("/outcomes/stream");
  }
  expect(next.response.status).toBe(200);
  next.close();
});

test("a store that fails is told as such, without its words", async () => {
  const store = new FailingStore();
  const { client } = await begin({ store });
  const api = await client();
  store.fails = true;
  for (const answer of [await api.get("/messages/x"), await api.get("/outcomes")]) {
    expect(answer).toMatchObject({ status: 503, body: { type: `${TYPE}unavailable` } });
    expect(JSON.stringify(answer.body)).not.toContain("disk");
  }
});

test("a client that stops reading is not read for", async () => {
  const store = new FailingStore();
  const { client, port } = await begin({ store });
  const api = await client();
  const steps = Array.from({ length: 60_000 }, () => ({ timeline: "t", at: 1, kind: "offered", detail: DETAIL }));
  const opened: StoreCall = ["openTimeline", { id: "t", from: TO, to: TO, at: Date.now() }];
  await store.run([opened, ["noteSteps", steps]]);
  const socket = connect(port, "127.0.0.1");
  socket.pause();
  socket.write(
    `GET /api/outcomes/stream HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${api.token}\r\nConnection: close\r\n\r\n`,
  );
  let before = -1;
  while (store.stepsRead !== before || before === 0) {
    before = store.stepsRead;
    await Bun.sleep(300);
  }
  expect(store.stepsRead).toBeGreaterThan(0);
  expect(store.stepsRead).toBeLessThan(30_000);
  // Others are served meanwhile.
  expect((await api.get("/outcomes")).status).toBe(200);
  socket.destroy();
}, 20_000);

/** So that a step has a few hundred bytes. */
const DETAIL = JSON.stringify({ resources: ["x".repeat(300)] });

class FailingStore implements Store {
  readonly #store = createInlineStore("sqlite::memory:");
  fails = false;
  stepsRead = 0;
  open: Store["open"] = () => this.#store.open();
  close: Store["close"] = () => this.#store.close();
  run: Store["run"] = (batch) => this.#store.run(batch);
  read: Store["read"] = async (calls) => {
    if (this.fails) throw new StoreFault("full", "the disk is full");
    const replies = await this.#store.read(calls);
    calls.forEach(([method], i) => {
      const reply = replies[i]!;
      if (method === "stepsAfter" && "value" in reply) this.stepsRead += (reply.value as unknown[]).length;
    });
    return replies;
  };
}
