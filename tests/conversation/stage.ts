/**
 * Whole conversations as tests: a stage is one server for the scenarios of a file, and each scenario is played over every
 * transport with accounts of its own. Nothing may be left over in the end: no stanza that nobody asked for, no error in
 * the server's log.
 * @module
 */
import { afterAll, test } from "bun:test";
import type { Cast, Clock } from "./cast.ts";
import type { Transport } from "./link.ts";
import { Play } from "./play.ts";
import { TestServer, type TestServerOptions } from "./test_server.ts";

export const ALL: readonly Transport[] = ["websocket", "bosh", "tcp"];
/** Those with XEP-0198. */
export const MANAGED: readonly Transport[] = ALL.filter((transport) => transport !== "bosh");

export interface StageOptions extends Omit<TestServerOptions, "now"> {
  /** The server's clock is moved by the scenarios. */
  readonly manualClock?: boolean;
  /** Of its scenarios, unless they say otherwise. */
  readonly transports?: readonly Transport[];
}

export interface ScenarioOptions {
  readonly transports?: readonly Transport[];
  /** The server is known to be wrong here. */
  readonly failing?: boolean | readonly Transport[];
  readonly timeoutMs?: number;
}

type Plot = (cast: Cast) => Promise<void>;

export interface Scenario {
  (name: string, plot: Plot): void;
  (name: string, options: ScenarioOptions, plot: Plot): void;
}

const TIMEOUT_MS = 15_000;

/** Every stage has so many nodes, unless it says otherwise. */
const NODES = Number(process.env.AMPACT_TEST_NODES ?? 1);

export function stage({ manualClock = false, transports = ALL, ...given }: StageOptions = {}): Scenario {
  const options = { nodes: NODES, ...given };
  const clock = createClock(manualClock);
  let server: Promise<TestServer> | undefined;
  afterAll(async () => (await server)?.stop());
  const perform = async (transport: Transport, plot: Plot): Promise<void> => {
    server ??= TestServer.start(manualClock ? { ...options, now: clock.now } : options);
    await new Play(await server, transport, clock).perform(plot);
  };
  return (name: string, second: ScenarioOptions | Plot, third?: Plot): void => {
    const [settings, plot] = typeof second === "function" ? [{}, second] : [second, third!];
    for (const transport of settings.transports ?? transports) {
      const define = isFailing(settings, transport) ? test.failing : test;
      define(`${name} (${transport})`, () => perform(transport, plot), settings.timeoutMs ?? TIMEOUT_MS);
    }
  };
}

function isFailing({ failing = false }: ScenarioOptions, transport: Transport): boolean {
  return typeof failing === "boolean" ? failing : failing.includes(transport);
}

function createClock(isManual: boolean): Clock {
  let at = Date.now();
  return {
    now: isManual ? () => at : Date.now,
    advance: (ms) => {
      if (!isManual) throw new Error("Cannot move the clock: this stage has no manual clock");
      at += ms;
    },
  };
}
