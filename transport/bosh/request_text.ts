/** The text of an HTTP request, within bounds: XEP-0124 section 5. @module */
import { promisify } from "node:util";
import { gunzip, inflate } from "node:zlib";
import { BoshError } from "./bosh_body.ts";

const DECODERS = { gzip: promisify(gunzip), deflate: promisify(inflate) } as const;
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Throws BoshError policy-violation beyond `maxBytes`, bad-request where the bytes are no UTF-8 or not what they claim to be. */
export async function readRequestText(request: Request, maxBytes: number): Promise<string> {
  const encoding = request.headers.get("content-encoding")?.trim().toLowerCase() ?? "identity";
  const bytes = await readBytes(request, maxBytes);
  try {
    return utf8.decode(encoding === "identity" ? bytes : await decode(bytes, encoding, maxBytes));
  } catch (error) {
    if (error instanceof BoshError) throw error;
    throw new BoshError("bad-request");
  }
}

async function decode(bytes: Uint8Array, encoding: string, maxBytes: number): Promise<Uint8Array> {
  if (encoding !== "gzip" && encoding !== "deflate") throw new BoshError("bad-request");
  try {
    return await DECODERS[encoding](bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    const tooLarge = error instanceof RangeError || (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    throw new BoshError(tooLarge ? "policy-violation" : "bad-request");
  }
}

async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  const length = request.headers.get("content-length");
  if (Number(length ?? 0) > maxBytes) throw new BoshError("policy-violation");
  if (length !== null) return new Uint8Array(await request.arrayBuffer());
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > maxBytes) throw new BoshError("policy-violation");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
