/**
 * What a process has used, threads and children included: from /proc on Linux, from `ps` elsewhere (macOS), which knows
 * neither children nor less than a hundredth of a second.
 * @module
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

export interface ProcessUsage {
  /** User and system time of all threads, microseconds. */
  readonly processorUs: number;
  /** Resident memory. */
  readonly bytes: number;
}

const PAGE_BYTES = 4096;
const SECOND_US = 1_000_000;
/** Linux tells processor time in clock ticks of this length on all its platforms. */
const TICK_US = 10_000;
const HAS_PROC = existsSync("/proc/self/stat");

export function usageSource(): "/proc" | "ps" {
  return HAS_PROC ? "/proc" : "ps";
}

export function usageOf(pid: number): ProcessUsage {
  return HAS_PROC ? sum(familyOf(pid).map(procUsage)) : readPs(psText(pid));
}

/** The fields of /proc/PID/stat that matter: proc(5). The name of a program may hold spaces and brackets. */
export function readStat(text: string): { readonly ticks: number; readonly pages: number } {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { ticks: Number(fields[11]) + Number(fields[12]), pages: Number(fields[21]) };
}

/** A line of `ps -o time=,rss=`: the time as [[days-]hours:]minutes:seconds, the memory in KiB. */
export function readPs(text: string): ProcessUsage {
  const match = /^\s*(?:(?:(\d+)-)?(\d+):)?(\d+):(\d+(?:[.,]\d+)?)\s+(\d+)\s*$/.exec(text);
  if (match === null) throw new Error(`Cannot read the answer of ps: ${text.trim()}`);
  const [days, hours, minutes, seconds, kibibytes] = match
    .slice(1)
    .map((field) => Number((field ?? "0").replace(",", ".")));
  const total = ((days! * 24 + hours!) * 60 + minutes!) * 60 + seconds!;
  return { processorUs: total * SECOND_US, bytes: kibibytes! * 1024 };
}

function procUsage(pid: number): ProcessUsage {
  const { ticks, pages } = readStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
  return { processorUs: ticks * TICK_US, bytes: pages * PAGE_BYTES };
}

function familyOf(pid: number): number[] {
  const path = `/proc/${pid}/task/${pid}/children`;
  const children = existsSync(path) ? readFileSync(path, "utf8").trim().split(" ") : [];
  return [pid, ...children.filter((text) => text !== "").flatMap((child) => familyOf(Number(child)))];
}

function sum(usages: readonly ProcessUsage[]): ProcessUsage {
  return usages.reduce((a, b) => ({ processorUs: a.processorUs + b.processorUs, bytes: a.bytes + b.bytes }));
}

function psText(pid: number): string {
  return execFileSync("ps", ["-o", "time=,rss=", "-p", String(pid)], { encoding: "utf8" });
}
