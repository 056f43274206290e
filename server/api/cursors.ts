/** Cursors as clients see them: opaque, and of this store alone. @module */
import { createHash } from "node:crypto";
import { Problem } from "./problem.ts";

const TAG_CHARS = 8;

export class Cursors {
  readonly #secret: () => Uint8Array;

  /** `secret`: of the store. */
  constructor(secret: () => Uint8Array) {
    this.#secret = secret;
  }

  write(place: string | number): string {
    return `${this.#tag}.${place}`;
  }

  /** Throws Problem cursor-gone where it is of another store. */
  read(cursor: string): string {
    const [tag, place] = [cursor.slice(0, TAG_CHARS), cursor.slice(TAG_CHARS + 1)];
    if (cursor[TAG_CHARS] !== "." || place === "" || tag !== this.#tag) throw gone();
    return place;
  }

  readNumber(cursor: string): number {
    const place = Number(this.read(cursor));
    if (!Number.isSafeInteger(place) || place < 0) throw gone();
    return place;
  }

  get #tag(): string {
    const hash = createHash("sha256").update("cursors of the HTTP API").update(this.#secret());
    return hash.digest("base64url").slice(0, TAG_CHARS);
  }
}

export function gone(): Problem {
  return new Problem("cursor-gone", {
    detail: "It is of another store, or what it names was deleted. Begin again without a cursor.",
  });
}
