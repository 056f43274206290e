/** Where the floors below server/ write what happened. `what` names the event ("session resumed"), the record its facts. */
export interface Log {
  debug(what: string, record?: Record<string, unknown>): void;
  info(what: string, record?: Record<string, unknown>): void;
  warn(what: string, record?: Record<string, unknown>): void;
  error(what: string, record?: Record<string, unknown>): void;
}

/** Writes nothing: the library's default, and that of tests. */
export const SILENT_LOG: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
};
