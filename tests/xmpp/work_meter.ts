/**
 * Counts the characters that built-in functions are handed while something is read. Stands for the time that they take, and is the
 * same on every machine. Loops of the code itself show by the characters that they look at.
 */
export class WorkMeter {
  #work = 0;
  readonly #restore: (() => void)[] = [];

  /** How much work `read` is. */
  static async measure(read: () => unknown): Promise<number> {
    const meter = new WorkMeter();
    meter.#install();
    try {
      await read();
    } catch (error) {
      // Refusing is an answer like any other, and must not cost more; a fault of the reader is none.
      if (error instanceof TypeError || error instanceof ReferenceError) throw error;
    } finally {
      for (const restore of meter.#restore) restore();
    }
    return meter.#work;
  }

  #install(): void {
    const text = String.prototype;
    this.#wrap(text, "normalize", (subject) => orderingWork(subject));
    for (const name of ["charCodeAt", "codePointAt", "charAt", "at"]) this.#wrap(text, name, () => 1);
    for (const name of ["toLowerCase", "toUpperCase", "split", "replace", "replaceAll", "match", "trim"]) {
      this.#wrap(text, name, (subject) => subject.length);
    }
    // Engines let a slice share the text that it is cut out of.
    for (const name of ["slice", "substring"]) this.#wrap(text, name, () => 1);
    for (const name of ["repeat", "padEnd", "padStart", "concat"]) {
      this.#wrap(text, name, (_subject, _args, result) => result.length);
    }
    for (const name of ["startsWith", "endsWith"]) this.#wrap(text, name, (_subject, [other]) => other.length);
    for (const name of ["indexOf", "includes"]) {
      this.#wrap(text, name, (subject, [other, from = 0], found) => passed(subject, other, from, found));
    }
    this.#wrap(text, Symbol.iterator, (subject) => subject.length);
    this.#wrap(RegExp.prototype, "exec", (pattern, [subject], match) => matched(pattern, String(subject), match));
    this.#wrap(RegExp.prototype, "test", (_pattern, [subject]) => String(subject).length);
    for (const collection of [Map.prototype, Set.prototype]) {
      // A key is hashed, then compared.
      for (const name of ["get", "has", "set", "add"]) {
        if (name in collection) this.#wrap(collection, name, (_map, [key]) => lengthOf(key));
      }
    }
    for (const name of ["from", "byteLength"]) this.#wrap(Buffer, name, (_buffer, [source]) => lengthOf(source));
    this.#wrap(TextDecoder.prototype, "decode", (_decoder, [bytes]) => bytes?.length ?? 0);
  }

  // biome-ignore lint/suspicious/noExplicitAny: any built-in function, and what it is given
  #wrap(owner: any, name: string | symbol, cost: (subject: any, args: any[], result: any) => number): void {
    const original = owner[name];
    const meter = this;
    // biome-ignore lint/suspicious/noExplicitAny: as above
    owner[name] = function (this: unknown, ...args: any[]) {
      const result = Reflect.apply(original, this, args);
      meter.#work += 1 + cost(this, args, result);
      return result;
    };
    this.#restore.push(() => {
      owner[name] = original;
    });
  }
}

function lengthOf(value: unknown): number {
  return typeof value === "string" || Array.isArray(value) || value instanceof Uint8Array ? value.length : 1;
}

function passed(subject: string, other: string, from: number, found: number | boolean): number {
  if (typeof found === "number" && found >= 0) return found + other.length - from;
  return Math.max(0, subject.length - from);
}

function matched(pattern: RegExp, subject: string, match: RegExpExecArray | null): number {
  if (match === null) return subject.length;
  return pattern.global || pattern.sticky ? match[0].length : match.index + match[0].length;
}

/** Canonical ordering sorts each run of combining marks by insertion, in ICU, which both runtimes have. */
function orderingWork(subject: string): number {
  let work = subject.length;
  let start = 0;
  for (let i = 0; i <= subject.length; i++) {
    if (isMark(subject[i])) continue;
    work += (i - start) ** 2;
    start = i + 1;
  }
  return work;
}

/** Of those that the inputs have. */
function isMark(char = ""): boolean {
  return (char >= "\u0300" && char <= "\u036f") || (char >= "\uff9e" && char <= "\uff9f");
}
