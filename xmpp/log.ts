/** The log of all floors below server/. `what` names the event ("session resumed"); the record holds its fields. */
export interface Log {
  debug(what: string, record?: Record<string, unknown>): void;
  info(what: string, record?: Record<string, unknown>): void;
  warn(what: string, record?: Record<string, unknown>): void;
  error(what: string, record?: Record<string, unknown>): void;
}

/** Writes nothing: the default of the library and of tests. */
export const SILENT_LOG: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
};
