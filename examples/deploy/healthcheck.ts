/** Ends with 0 when the server in this container answers at /healthz; the image has neither curl nor wget. @module */
import process from "node:process";

const { AMPACT_HTTP_PORT: port = "5280" } = process.env;

try {
  const response = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(4_000) });
  process.exit(response.ok ? 0 : 1);
} catch (error) {
  console.error(String(error));
  process.exit(1);
}
