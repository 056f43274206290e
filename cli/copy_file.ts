/** Copies a file, and tells how far it is. @module */
import { createReadStream, createWriteStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { basename } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";

const MEBIBYTE = 1_048_576;
/** Between two lines of progress. */
const SHOWN_MS = 200;

/**
 * From its beginning to what was its end at the begin; to a file that must not exist, for this user alone, on the disk when this
 * resolves. Throws node:fs's errors.
 */
export async function copyFile(from: string, to: string, progress: Progress): Promise<void> {
  const { size } = await stat(from);
  const output = createWriteStream(to, { flags: "wx", mode: 0o600 });
  // Of an empty file there is no last byte that could be named.
  const input = createReadStream(from, { end: Math.max(0, size - 1) });
  await pipeline(input, progress.count(from, size), output);
  await flush(to);
}

/** What is written of a file or folder stays after a power cut. */
export async function flush(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Tells the progress at a terminal, in one line that replaces itself. */
export class Progress {
  readonly #write: ((text: string) => void) | undefined;

  constructor(stream: { isTTY?: boolean; write(text: string): unknown } = process.stderr) {
    this.#write = stream.isTTY ? (text) => stream.write(text) : undefined;
  }

  count(path: string, size: number): Transform {
    const all = Math.ceil(size / MEBIBYTE);
    let done = 0;
    let shownAt = 0;
    const show = () => this.tell(`${basename(path)}: ${Math.floor(done / MEBIBYTE)} of ${all} MiB`);
    return new Transform({
      transform(chunk, _, next) {
        done += chunk.length;
        if (performance.now() - shownAt > SHOWN_MS) {
          shownAt = performance.now();
          show();
        }
        next(undefined, chunk);
      },
    });
  }

  tell(text: string): void {
    this.#write?.(`\r\x1b[K${text}`);
  }

  end(): void {
    this.#write?.("\r\x1b[K");
  }
}
