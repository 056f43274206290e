/** The JSON of a request, within bounds. @module */
import { Problem } from "./problem.ts";

const MAX_BYTES = 65_536;
/** How long the next part may take. */
const IDLE_MS = 10_000;
const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json *(?:;|$)/i;
const utf8 = new TextDecoder("utf-8", { fatal: true });

export type Schedule = (ms: number, task: () => void) => () => void;

/** Throws Problem. */
export async function readJson(request: Request, schedule: Schedule): Promise<unknown> {
  if (!JSON_TYPE.test(request.headers.get("content-type") ?? "")) throw new Problem("unsupported-media-type");
  if (request.headers.has("content-encoding"))
    throw new Problem("unsupported-media-type", { detail: "It is encoded." });
  const bytes = await readBytes(request, schedule);
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    // What the parser says may quote the message.
    throw new Problem("invalid-json", { detail: "It is no JSON in UTF-8." });
  }
}

async function readBytes(request: Request, schedule: Schedule): Promise<Uint8Array> {
  if (Number(request.headers.get("content-length") ?? 0) > MAX_BYTES) throw tooLarge();
  const reader = request.body?.getReader();
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for (;;) {
      const { done, value } = (await inTime(reader?.read(), schedule)) ?? { done: true, value: undefined };
      if (done || value === undefined) return Buffer.concat(parts);
      size += value.length;
      if (size > MAX_BYTES) throw tooLarge();
      parts.push(value);
    }
  } finally {
    // Not awaited: the rest is not needed, and its connection may be gone.
    reader?.cancel().catch(() => {});
  }
}

function inTime<Value>(reading: Promise<Value> | undefined, schedule: Schedule): Promise<Value | undefined> {
  return new Promise((resolve, reject) => {
    const stop = schedule(IDLE_MS, () => reject(new Problem("slow-request", { headers: { connection: "close" } })));
    Promise.resolve(reading).then(resolve, reject).finally(stop);
  });
}

function tooLarge(): Problem {
  return new Problem("too-large", { detail: `At most ${MAX_BYTES} bytes.`, headers: { connection: "close" } });
}
