/** A port that cannot be opened. */
export class ListenError extends Error {
  constructor(what: string, host: string, port: number, cause: unknown) {
    super(`Cannot listen for ${what} at ${host}:${port}: ${stateOf(cause)}`, { cause });
  }
}

function stateOf(cause: unknown): string {
  const { code, name, message } = cause as NodeJS.ErrnoException;
  if (code === "EADDRINUSE" || name === "AddrInUse") return "the port is in use by another process";
  if (code === "EACCES" || name === "PermissionDenied") return "this process may not use that port";
  if (code === "EADDRNOTAVAIL" || name === "AddrNotAvailable") return "the address is not one of this machine";
  return message;
}
