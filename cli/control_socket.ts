/**
 * A local socket in the data folder by which the command line reaches the running server: the store belongs to one
 * process at a time, and the server must know when an account is removed. One line of JSON each way.
 * @module
 */
import { mkdir, rm } from "node:fs/promises";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { relative, resolve } from "node:path";
import { serverLog } from "../server/log.ts";
import { AccountError } from "./account_error.ts";
import type { ControlRequest } from "./command_line.ts";
import { faultLine, isExpected } from "./fault_line.ts";

export interface ControlSocket {
  stop(): Promise<void>;
}

type Answer = { readonly lines: readonly string[] } | { readonly fault: string };

const NAME = "control.sock";
/** The longest path that `sockaddr_un` holds on every system. */
const MAX_PATH = 103;
/** A message to explain may be as long as a stanza, and JSON writes some characters as six. */
const MAX_REQUEST = 2_097_152;

/** Undefined, and a log record, when the folder's path is too long or another server has the socket. */
export async function openControlSocket(
  dataDir: string,
  run: (request: ControlRequest) => Promise<readonly string[]>,
): Promise<ControlSocket | undefined> {
  const path = socketPath(dataDir);
  const reason = path === undefined ? "its path is too long" : (await answers(path)) ? "another server has it" : "";
  if (path === undefined || reason !== "") {
    serverLog().warn("no control socket", { dataDir, reason });
    return undefined;
  }
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await rm(path, { force: true });
  const listener = createServer((socket) => serveOne(socket, run));
  await listening(listener, path);
  return { stop: () => closed(listener) };
}

/** Whether a server has the folder. Throws AccountError when it is another user's. */
export async function isServerRunning(dataDir: string): Promise<boolean> {
  const path = socketPath(dataDir);
  return path !== undefined && (await answers(path));
}

/** Undefined when no server runs. Throws AccountError with the server's message. */
export async function askRunningServer(
  dataDir: string,
  request: ControlRequest,
): Promise<readonly string[] | undefined> {
  const path = socketPath(dataDir);
  if (path === undefined) return undefined;
  const socket = await connected(path);
  if (socket === undefined) return undefined;
  socket.write(`${JSON.stringify(request)}\n`);
  const line = await firstLine(socket, Number.POSITIVE_INFINITY);
  if (line === undefined) throw new AccountError("Cannot reach the running server: it closed the connection");
  const answer = JSON.parse(line) as Answer;
  if ("fault" in answer) throw new AccountError(answer.fault);
  return answer.lines;
}

async function serveOne(socket: Socket, run: (request: ControlRequest) => Promise<readonly string[]>): Promise<void> {
  const line = await firstLine(socket, MAX_REQUEST);
  if (line === undefined) return;
  socket.end(`${JSON.stringify(await answerTo(line, run))}\n`);
}

async function answerTo(line: string, run: (request: ControlRequest) => Promise<readonly string[]>): Promise<Answer> {
  try {
    return { lines: await run(JSON.parse(line) as ControlRequest) };
  } catch (error) {
    if (isExpected(error)) return { fault: faultLine(error).line };
    serverLog().error("request over the control socket failed", { error });
    return { fault: "Cannot carry out the request: an internal fault, which the server's log tells" };
  }
}

/** The shorter of the absolute and the relative path; undefined when both are too long. */
function socketPath(dataDir: string): string | undefined {
  const absolute = resolve(dataDir, NAME);
  const near = relative(process.cwd(), absolute);
  const path = near.length < absolute.length ? near : absolute;
  return Buffer.byteLength(path) <= MAX_PATH ? path : undefined;
}

async function answers(path: string): Promise<boolean> {
  const socket = await connected(path);
  socket?.destroy();
  return socket !== undefined;
}

/** Undefined when no server listens. Throws AccountError when the socket is another user's. */
function connected(path: string): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    socket.once("connect", () => resolve(socket));
    socket.once("error", ({ code }: NodeJS.ErrnoException) => {
      if (code !== "EACCES" && code !== "EPERM") return resolve(undefined);
      reject(new AccountError(`Cannot reach the running server: ${path} is another user's (run this as that user)`));
    });
  });
}

/** Undefined when the other side closed before, or sent more than `limit` characters without a line end. */
function firstLine(socket: Socket, limit: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = "";
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      text += chunk;
      const end = text.indexOf("\n");
      if (end >= 0) resolve(text.slice(0, end));
      else if (text.length > limit) socket.destroy();
    });
    socket.on("error", () => resolve(undefined));
    socket.on("close", () => resolve(undefined));
  });
}

/** A user who can connect can change every password, so the socket has mode 0600 from the moment of its creation. */
async function listening(listener: Server, path: string): Promise<void> {
  const usual = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      listener.once("error", reject);
      listener.listen(path, resolve);
    });
  } finally {
    process.umask(usual);
  }
}

/** Closing also removes the socket's file. */
function closed(listener: Server): Promise<void> {
  return new Promise((resolve) => listener.close(() => resolve()));
}
