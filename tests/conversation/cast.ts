/** What a scenario is given to play with. @module */
import type { Device } from "./device.ts";
import type { Transport } from "./link.ts";
import type { TestServer } from "./test_server.ts";

/** Who may act. All have an account but paris. */
export interface Cast {
  readonly romeo: Device;
  readonly juliet: Device;
  readonly nurse: Device;
  readonly benvolio: Device;
  readonly tybalt: Device;
  /** He is no account. */
  readonly paris: Device;
  readonly server: TestServer;
  readonly clock: Clock;
  readonly transport: Transport;
  /** Waits until all that is under way has come to its end. */
  readonly settled: () => Promise<void>;
  /** This error in the server's log is part of the play. */
  readonly expectsLogged: (what: string) => void;
}

/** The server's clock; it stands still unless it is moved. */
export interface Clock {
  readonly now: () => number;
  readonly advance: (ms: number) => void;
}
