import { expect, test } from "bun:test";
import { useApi } from "./api_stage.ts";

const begin = useApi();

type Json = ReturnType<typeof JSON.parse>;

/** Every object in it, with the way to it. */
function* objectsIn(value: Json, way = ""): Generator<readonly [way: string, object: Json]> {
  if (typeof value !== "object" || value === null) return;
  yield [way, value];
  for (const [key, inner] of Object.entries(value)) yield* objectsIn(inner, `${way}/${key}`);
}

async function document(): Promise<{ readonly text: Json; readonly routes: readonly string[] }> {
  const { client, server } = await begin();
  const { body } = await (await client(["read"])).get("/openapi.json");
  const routes = server.api.routes
    .filter(({ method, path }) => method !== "ALL" && path !== "/*")
    .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`);
  return { text: body, routes: [...new Set(routes)].sort() };
}

test("the description has every route, and no other", async () => {
  const { text, routes } = await document();
  const described = Object.entries<Json>(text.paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(described.sort()).toEqual([...routes]);
  expect(routes.length).toBe(6);
});

test("the description is OpenAPI 3.1 in its structure", async () => {
  const { text } = await document();
  expect(text.openapi).toMatch(/^3\.1\.\d+$/);
  expect(text.info).toMatchObject({ title: "ampact", version: "0.1.0" });
  expect(text.servers).toEqual([{ url: "/api" }]);
  expect(text.components.securitySchemes.token).toEqual({ type: "http", scheme: "bearer" });
  const ids: string[] = [];
  for (const [path, item] of Object.entries<Json>(text.paths)) {
    for (const operation of Object.values<Json>(item)) {
      ids.push(operation.operationId);
      const inPath = (operation.parameters ?? []).filter((parameter: Json) => parameter.in === "path");
      expect(inPath.map(({ name }: Json) => name)).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
      for (const parameter of operation.parameters ?? []) {
        expect(["path", "query", "header"]).toContain(parameter.in);
        expect(parameter.schema).toHaveProperty("type");
        expect(parameter.required ?? false).toBe(parameter.in === "path");
      }
      for (const [status, response] of Object.entries<Json>(operation.responses)) {
        expect(status).toMatch(/^[2-5]\d\d$/);
        expect(response.description).toBeString();
        if (Number(status) >= 400) expect(Object.keys(response.content)).toEqual(["application/problem+json"]);
      }
      for (const status of ["401", "429", "503"]) expect(operation.responses).toHaveProperty(status);
    }
  }
  expect(new Set(ids).size).toBe(ids.length);
});

test("every reference in the description leads somewhere, and no schema names a draft", async () => {
  const { text } = await document();
  const references: string[] = [];
  for (const [way, object] of objectsIn(text)) {
    expect([way, object.$schema]).toEqual([way, undefined]);
    if (typeof object.$ref !== "string") continue;
    references.push(object.$ref);
    const found = object.$ref
      .slice(2)
      .split("/")
      .reduce((place: Json, key: string) => place?.[key], text);
    expect([object.$ref, typeof found]).toEqual([object.$ref, "object"]);
  }
  expect(references.length).toBeGreaterThan(10);
});

test("the schema of a message says what the API takes", async () => {
  const { text } = await document();
  expect(text.components.schemas.Message).toMatchObject({
    type: "object",
    required: ["to"],
    additionalProperties: false,
    properties: {
      to: { type: "string" },
      type: { enum: ["chat", "normal", "headline"] },
      rules: { type: "array", items: { required: ["condition", "value", "action"] } },
    },
  });
});
