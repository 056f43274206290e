/** One run: a server, its users, a time of faults, a time of quiet, and the verdict. @module */
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, isListening } from "../scripts/local_port.ts";
import { Application } from "./application.ts";
import { readArchive } from "./archive_reader.ts";
import { checkApplication } from "./check_application.ts";
import { checkTimelines } from "./check_timelines.ts";
import { check } from "./checker.ts";
import { Device, type DeviceKind } from "./device.ts";
import type { HistoryEvent } from "./history.ts";
import { JoinedServers } from "./joined_servers.ts";
import type { LinkTarget } from "./link.ts";
import { DOMAINS, namesAt, type Place, placeOf } from "./places.ts";
import { prepareStore } from "./prepare_store.ts";
import { Random } from "./random.ts";
import { readTimelines } from "./read_timelines.ts";
import { ServerProcess } from "./server_process.ts";
import { CHECK_LIMITS, type Violation } from "./violation.ts";
import { type ChaosCounts, World } from "./world.ts";

export interface RunOptions {
  readonly seed: number;
  readonly seconds: number;
  readonly users: number;
  /** The injected fault, for the test of the harness; see server_child.ts. */
  readonly fault?: string | undefined;
  /** Average seconds between two kills; 0: none. */
  readonly killEvery: number;
  /** Two are joined by streams that break; 1 unless given. */
  readonly servers?: 1 | 2;
}

export interface RunResult {
  readonly options: RunOptions;
  readonly counts: ChaosCounts;
  readonly messages: number;
  readonly accepted: number;
  readonly received: number;
  readonly reports: number;
  /** Keys under which the application has sent, and how many steps its follower has seen. */
  readonly keys: number;
  readonly steps: number;
  /** Repeated receipts of a device, all explained. */
  readonly duplicates: number;
  readonly startMs: readonly number[];
  readonly violations: readonly Violation[];
  readonly history: readonly HistoryEvent[];
  readonly notes: readonly string[];
}

/** Its messages are read from the store alone. */
const KEYED_TO = "ledger";

/** After this time without input all messages under way have arrived. */
const QUIET_MS = 2000;
/** Resumption time, probe and sweep: after this time no dead session holds messages. */
const LINGER_MS = 6500;
const MAX_DRAIN_MS = 40_000;

export async function runChaos(options: RunOptions): Promise<RunResult> {
  const folder = await mkdtemp(join(tmpdir(), "ampact-chaos-"));
  try {
    return await new Run(options, folder).go();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface StartedServer {
  readonly process: ServerProcess;
  readonly database: string;
}

class Run {
  readonly #options: RunOptions;
  readonly #folder: string;
  readonly #random: Random;
  readonly #startMs: number[] = [];
  readonly #token = `ampact_${randomBytes(32).toString("base64url")}`;

  constructor(options: RunOptions, folder: string) {
    this.#options = options;
    this.#folder = folder;
    this.#random = new Random(options.seed);
  }

  async go(): Promise<RunResult> {
    const { users: count, servers: serverCount = 1 } = this.#options;
    const places: readonly Place[] = serverCount === 1 ? [0] : [0, 1];
    const targets: LinkTarget[] = [];
    for (const place of places) {
      targets.push({ httpPort: await freePort(), tcpPort: await freePort(), domain: DOMAINS[place] });
    }
    const world = new World(namesAt(places, count), targets);
    const links = serverCount === 1 ? undefined : await JoinedServers.open(DOMAINS, this.#random.fork());
    const servers: StartedServer[] = [];
    for (const place of places) servers.push(await this.#prepare(world, place, links?.settings(place)));
    try {
      return await this.#play(world, servers, links);
    } finally {
      for (const { process } of servers) await process.kill();
      links?.close();
    }
  }

  async #prepare(
    world: World,
    place: Place,
    linkSettings: Readonly<Record<string, string>> = {},
  ): Promise<StartedServer> {
    const { fault } = this.#options;
    const folder = join(this.#folder, String(place));
    await mkdir(folder);
    const database = join(folder, "ampact.db");
    const application = { account: KEYED_TO, token: this.#token };
    await prepareStore(database, world.users, world.password, { place, ...(place === 0 && { application }) });
    const { httpPort, tcpPort = 0 } = world.targets[place]!;
    const script = fault === undefined ? "scripts/server.ts" : "chaos/server_child.ts";
    const env = { AMPACT_DOMAINS: DOMAINS[place], ...linkSettings, ...(fault !== undefined && { CHAOS_FAULT: fault }) };
    return { database, process: new ServerProcess({ folder, httpPort, tcpPort, script, env }) };
  }

  async #play(world: World, servers: readonly StartedServer[], links: JoinedServers | undefined): Promise<RunResult> {
    for (const { process } of servers) this.#startMs.push(await process.start());
    const hasTcp = await isListening(world.targets[0]!.tcpPort ?? 0);
    const devices = world.users.flatMap((user) => this.#devicesOf(world, user, hasTcp));
    const application = new Application({
      url: `http://127.0.0.1:${world.targets[0]!.httpPort}/api`,
      token: this.#token,
      to: `${KEYED_TO}@localhost`,
      random: this.#random.fork(),
    });
    const lives = [...devices.map((device) => device.live()), application.live(() => world.isOver)];
    const storm = links?.network.storm(() => world.isOver);
    await this.#killNowAndThen(world, servers);
    world.isOver = true;
    await Promise.all([...lives, storm]);
    await Promise.all([this.#drain(world, devices), application.settle()]);
    for (const { process } of servers) await process.stop();
    return await this.#judge(world, servers, application);
  }

  /** The first device of each user drains the messages at the end, so it acknowledges. */
  #devicesOf(world: World, user: string, hasTcp: boolean): Device[] {
    const random = this.#random;
    const count = random.weighted({ "1": 45, "2": 40, "3": 15 });
    return Array.from({ length: Number(count) }, (_, at) => {
      const transport = random.weighted({ websocket: 50, bosh: 25, tcp: hasTcp ? 25 : 0 });
      const managed = transport !== "bosh" && random.chance(0.65);
      const kind: DeviceKind = { transport, managed, archiveFirst: random.chance(0.25), carbons: random.chance(0.3) };
      return new Device(world, random.fork(), user, `d${at}`, kind);
    });
  }

  async #killNowAndThen(world: World, servers: readonly StartedServer[]): Promise<void> {
    const random = this.#random.fork();
    const { seconds, killEvery, fault } = this.#options;
    const until = Date.now() + seconds * 1000;
    while (Date.now() < until) {
      const next = killEvery === 0 ? Number.POSITIVE_INFINITY : random.between(300, killEvery * 2000);
      await world.sleep(Math.max(1, Math.min(next, until - Date.now())));
      if (random.chance(0.6)) await this.#awaitMoment(world, random, until);
      if (Date.now() >= until) return;
      world.counts.kills++;
      world.history.note({ kind: "killed" });
      // An orderly stop must not lose anything either; with a fault it would complete delayed writes.
      const isOrderly = random.chance(fault === undefined ? 0.2 : 0);
      if (isOrderly) world.counts.stops++;
      const { process: server } = random.pick(servers);
      await (isOrderly ? server.stop() : server.kill());
      await world.sleep(random.between(0, 400));
      this.#startMs.push(await server.start());
      world.history.note({ kind: "started" });
    }
  }

  /** Kills between two steps of the server find the most faults. */
  async #awaitMoment(world: World, random: Random, until: number): Promise<void> {
    const kind = random.pick(["sent", "accepted", "report", "received", "resumed"] as const);
    await Promise.race([world.history.next(kind), world.sleep(Math.max(1, until - Date.now()))]);
    if (random.chance(0.5)) await world.sleep(random.between(1, 150));
  }

  async #drain(world: World, devices: readonly Device[]): Promise<void> {
    const firsts = world.users.map((user) => devices.find((device) => device.user === user)!);
    await Promise.all(firsts.map((device) => device.settle()));
    const begun = Date.now();
    const { events } = world.history;
    const lastAt = () => events.findLast(({ kind }) => kind === "received" || kind === "report")?.at ?? 0;
    const isQuiet = () => Date.now() - Math.max(begun + LINGER_MS - QUIET_MS, lastAt()) >= QUIET_MS;
    while (!isQuiet() && Date.now() - begun < MAX_DRAIN_MS) await world.sleep(100);
    await Promise.all(firsts.map((device) => this.#readAll(world, device)));
    await Promise.all(firsts.map((device) => device.session?.finish(1000)));
  }

  async #readAll(world: World, { user, session }: Device): Promise<void> {
    if (session === undefined) return;
    await readArchive(session, undefined, ({ message, stanzaId, from, to }) => {
      const kind = "archived" as const;
      if (from === user || to === user) world.history.note({ kind, message, user, stanzaId });
    });
  }

  async #judge(world: World, servers: readonly StartedServer[], { records }: Application): Promise<RunResult> {
    const { events } = world.history;
    const violations = check(events, { ...CHECK_LIMITS, repeatsAfterKill: servers.length > 1 });
    for (const [place, { database, process }] of servers.entries()) {
      const kept = await readTimelines(database, world.users, KEYED_TO);
      violations.push(...checkTimelines(events, kept, (user) => placeOf(user) === place));
      if (place === 0) violations.push(...checkApplication(records, kept.timelines, kept.keyed));
      violations.push(...serverErrors(await readFile(process.logPath, "utf8")));
    }
    return {
      options: this.#options,
      counts: world.counts,
      messages: world.history.count("sent"),
      accepted: world.history.count("accepted"),
      received: world.history.count("received"),
      reports: world.history.count("report"),
      keys: records.keyed.size,
      steps: records.seen.length,
      duplicates: countDuplicates(events),
      startMs: this.#startMs,
      violations,
      history: events,
      notes: world.notes,
    };
  }
}

/** A log record of a failed actor, hook or commit is a fault, even if no client noticed. */
function serverErrors(log: string): Violation[] {
  const lines = log.split("\n").filter((line) => /\bERROR\b/.test(line));
  return [...new Set(lines.map((line) => line.replace(/^\S+ /, "").slice(0, 600)))]
    .slice(0, 5)
    .map((text) => ({ kind: "server-error", messages: [], text }));
}

function countDuplicates(events: readonly HistoryEvent[]): number {
  const seen = new Set<string>();
  let duplicates = 0;
  for (const event of events) {
    if (event.kind !== "received" || event.via !== "live") continue;
    const key = `${event.message} ${event.session.split("#")[0]}`;
    if (seen.has(key)) duplicates++;
    seen.add(key);
  }
  return duplicates;
}
