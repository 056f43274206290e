/** Numbers and health over HTTP, apart from the protocol: `/metrics`, `/healthz`, `/readyz`. @module */
import { type Context, Hono } from "hono";
import { FAMILIES } from "./families.ts";
import type { Figures } from "./figures.ts";
import { CONTENT_TYPE, prometheusText } from "./prometheus_text.ts";
import type { Readiness } from "./readiness.ts";

export interface MetricsSource {
  readonly readiness: Readiness;
  /** Whether this client may see the numbers. Health is no secret. */
  mayRead(c: Context): boolean;
  figures(): Promise<Figures>;
}

const HEADERS = { "cache-control": "no-store" };

export function createMetricsApp({ readiness, mayRead, figures }: MetricsSource): Hono {
  return new Hono()
    .get("/metrics", async (c) => {
      if (!mayRead(c))
        return c.text("Cannot show metrics: set metrics.enabled, or ask from this machine\n", 403, HEADERS);
      return c.body(prometheusText(FAMILIES, await figures()), 200, { ...HEADERS, "content-type": CONTENT_TYPE });
    })
    .get("/healthz", (c) => c.text("ok\n", 200, HEADERS))
    .get("/readyz", async (c) => {
      const answer = await readiness.check();
      return c.text(`${answer}\n`, answer === "ready" ? 200 : 503, HEADERS);
    });
}
