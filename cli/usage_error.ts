/** Arguments that make no command. */
export class UsageError extends Error {}
