import { describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { deflateSync, gzipSync } from "node:zlib";
import { BoshError } from "../../../transport/bosh/bosh_body.ts";
import { RequestText } from "../../../transport/bosh/request_text.ts";

const LEAST = 16_384;
const MOST = 524_288;
const CHUNK = 4096;
const KNOWN = "<body sid='known'>";
const BOUNDS = { least: LEAST, most: MOST, of: (head: string) => (head.startsWith(KNOWN) ? MOST : LEAST) };

/** What became of a compressed request, and how many bytes of it were read. */
async function outcome(body: Uint8Array, encoding = "gzip"): Promise<{ result: string; read: number }> {
  let read = 0;
  const stream = new ReadableStream<Uint8Array>(
    {
      pull: (controller) => {
        if (read >= body.length) return controller.close();
        controller.enqueue(body.subarray(read, read + CHUNK));
        read = Math.min(read + CHUNK, body.length);
      },
    },
    { highWaterMark: 0 },
  );
  const init = { method: "POST", body: stream, headers: { "content-encoding": encoding } };
  const request = new RequestText(new Request("http://localhost/", init), BOUNDS, () => () => {});
  try {
    return { result: await request.read(), read };
  } catch (error) {
    if (error instanceof BoshError) return { result: error.condition, read };
    throw error;
  }
}

/** Text that hardly shrinks, so that its compressed form comes in many parts. */
const noise = (length: number) => randomBytes(length).toString("base64").slice(0, length);

describe.each([
  ["gzip", gzipSync],
  ["deflate", deflateSync],
] as const)("%s", (encoding, compress) => {
  test("a session of an account may send as much as it may without", async () => {
    const text = KNOWN + noise(MOST - KNOWN.length);
    expect((await outcome(compress(text), encoding)).result === text).toBe(true);
    const more = await outcome(compress(`${text}${noise(20_000)}`), encoding);
    expect(more.result).toBe("policy-violation");
  });

  test("of a stranger's no more is read than its bound", async () => {
    const fits = noise(LEAST - 1000);
    expect((await outcome(compress(fits), encoding)).result).toBe(fits);
    const { result, read } = await outcome(compress(noise(MOST)), encoding);
    expect(result).toBe("policy-violation");
    expect(read).toBeLessThanOrEqual(LEAST + 2 * CHUNK);
  });

  test("a bomb is decoded no further than to the bound", async () => {
    const body = compress(Buffer.alloc(400_000_000));
    expect(body.length).toBeGreaterThan(10 * LEAST);
    const { result, read } = await outcome(body, encoding);
    expect(result).toBe("policy-violation");
    expect(read).toBeLessThanOrEqual(2 * CHUNK);
  });

  test("what is broken off, or is something else, is refused", async () => {
    expect((await outcome(compress(noise(9000)).subarray(0, -10), encoding)).result).toBe("bad-request");
    expect((await outcome(Buffer.from(noise(9000)), encoding)).result).toBe("bad-request");
  });
});

test("what decodes to nothing is not read beyond a stranger's bound", async () => {
  const empty = gzipSync("");
  const { result, read } = await outcome(Buffer.concat(Array(10_000).fill(empty)));
  expect(result).toBe("policy-violation");
  expect(read).toBeLessThanOrEqual(LEAST + 2 * CHUNK);
});
