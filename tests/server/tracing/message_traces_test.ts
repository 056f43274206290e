/** Traces of messages, as the SDK of OpenTelemetry gets them. */
import { afterEach, expect, test } from "bun:test";
import { SpanStatusCode, trace } from "@opentelemetry/api";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { type AmpactServer, createServer } from "../../../mod.ts";
import { SILENT_LOG } from "../../../xmpp/log.ts";

const exporter = new InMemorySpanExporter();
let server: AmpactServer;

afterEach(async () => {
  await server.stop();
  trace.disable();
  exporter.reset();
});

async function start(): Promise<void> {
  server = createServer({
    store: "sqlite::memory:",
    log: SILENT_LOG,
    gateways: { "sms.localhost": () => "accepted" },
  });
  await server.start();
}

async function spans(count: number) {
  for (let waited = 0; exporter.getFinishedSpans().length < count && waited < 200; waited++) await Bun.sleep(10);
  return exporter.getFinishedSpans();
}

test("a tracked message is one trace, with its steps as events at their times", async () => {
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  await start();
  const sent = server.send({ to: "+4912@sms.localhost", body: "secret" }, { until: "settled" });
  expect(await sent).toEqual({ kind: "gateway" });
  const failed = server.send({ to: "nobody@localhost", body: "secret" });
  expect((await failed).kind).toBe("none");
  const all = await spans(2);
  const span = all.find(({ attributes }) => attributes["messaging.message.id"] === sent.id)!;
  expect(span.attributes).toMatchObject({
    "messaging.system": "xmpp",
    "messaging.destination.name": "+4912@sms.localhost",
    "ampact.from": "localhost",
    "ampact.outcome": "gateway",
  });
  const { steps, at } = (await server.outcomes.get(sent.id))!;
  expect(span.events.map(({ name }) => name)).toEqual(steps.map(({ kind }) => kind));
  expect(span.events.find(({ name }) => name === "handed")?.attributes).toMatchObject({ attempt: 1, answer: "taken" });
  const ms = ([seconds, nanos]: readonly [number, number]) => seconds * 1000 + nanos / 1e6;
  expect(ms(span.startTime)).toBe(at);
  expect(span.events.map(({ time }) => ms(time))).toEqual(steps.map((step) => step.at));
  expect(span.parentSpanContext).toBeUndefined();
  const other = all.find((each) => each !== span)!;
  expect(other.spanContext().traceId).not.toBe(span.spanContext().traceId);
  expect(other.status.code).toBe(SpanStatusCode.ERROR);
  const told = all.map(({ attributes, events }) => ({ attributes, events }));
  expect(JSON.stringify(told)).not.toContain("secret");
});

test("without a provider nothing is followed", async () => {
  await start();
  await server.send({ to: "+4912@sms.localhost", body: "hi" }, { until: "settled" });
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  await server.send({ to: "+4912@sms.localhost", body: "hi" }, { until: "settled" });
  await Bun.sleep(50);
  expect(exporter.getFinishedSpans()).toEqual([]);
});
