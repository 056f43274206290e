export interface ConfigProblem {
  /** The key, environment variable or option as the user wrote it. */
  readonly name: string;
  readonly value: unknown;
  readonly expected: string;
}

/** Faults of the configuration; the message names every key, its value and the expected value. */
export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(describeProblem).join("\n"));
    this.name = "ConfigError";
    this.problems = problems;
  }
}

/** Settings that hold secrets, and similar names that may be misspellings of them. */
const SECRET = /secret|password|token|gateways|components.?domains|webhooks|external_?services|key/i;

/** Whether a value may hold a secret. */
export function isSecret(name: string, value: unknown): boolean {
  return SECRET.test(name) || (typeof value === "object" && SECRET.test(JSON.stringify(value)));
}

function describeProblem({ name, value, expected }: ConfigProblem): string {
  const shown =
    value === undefined ? "nothing" : isSecret(name, value) ? "a value that is not shown" : JSON.stringify(value);
  return `Cannot use configuration ${name}: ${shown} given, expected ${expected}`;
}
