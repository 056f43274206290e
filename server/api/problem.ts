/** What is wrong with a request, as RFC 9457 tells it. @module */

const PROBLEMS = {
  unauthorized: [401, "A valid token is needed"],
  "missing-scope": [403, "The token does not allow this"],
  "not-found": [404, "There is no such thing"],
  "method-not-allowed": [405, "The method is not allowed here"],
  "slow-request": [408, "The request came too slowly"],
  "key-conflict": [409, "The key stands for another message"],
  "cursor-gone": [410, "The cursor leads nowhere"],
  "too-large": [413, "The request is too large"],
  "unsupported-media-type": [415, "The request is not JSON"],
  "invalid-json": [400, "The request is not JSON"],
  "invalid-header": [400, "A header is at fault"],
  "invalid-query": [400, "The query is at fault"],
  "invalid-message": [422, "The message is at fault"],
  "invalid-rules": [422, "Rules of the message are at fault"],
  "no-timelines": [422, "This server keeps no timelines"],
  "too-many-requests": [429, "The token asks too often"],
  "too-many-streams": [429, "The token has too many streams"],
  unavailable: [503, "The server cannot answer now"],
  fault: [500, "The server is at fault"],
} as const satisfies Readonly<Record<string, readonly [status: number, title: string]>>;

export type ProblemKind = keyof typeof PROBLEMS;

export const PROBLEM_KINDS = Object.keys(PROBLEMS) as readonly ProblemKind[];
export const PROBLEM_TYPE = "application/problem+json";
const NAMESPACE = "urn:ampact:problem:";

/** One place in a request that is at fault. */
export interface Fault {
  /** Its place in the JSON (RFC 6901), or the name of the parameter or header. */
  readonly at: string;
  readonly detail: string;
}

export interface ProblemOptions {
  readonly detail?: string;
  readonly errors?: readonly Fault[];
  readonly headers?: Readonly<Record<string, string>>;
}

export class Problem extends Error {
  override readonly name = "Problem";
  readonly kind: ProblemKind;
  readonly #options: ProblemOptions;

  constructor(kind: ProblemKind, options: ProblemOptions = {}) {
    super(`Cannot answer request: ${kind}`);
    this.kind = kind;
    this.#options = options;
  }

  get status(): number {
    return PROBLEMS[this.kind][0];
  }

  response(): Response {
    const { detail, errors, headers } = this.#options;
    const [status, title] = PROBLEMS[this.kind];
    const body = { type: problemType(this.kind), title, status, ...(detail && { detail }), ...(errors && { errors }) };
    return new Response(`${JSON.stringify(body)}\n`, {
      status,
      headers: { "content-type": PROBLEM_TYPE, "cache-control": "no-store", ...headers },
    });
  }
}

/** Stable: clients compare it. */
export function problemType(kind: ProblemKind): string {
  return NAMESPACE + kind;
}

export function statusOf(kind: ProblemKind): number {
  return PROBLEMS[kind][0];
}
