import { describe, expect, test } from "bun:test";
import type { Connection } from "../../actors/connection.ts";
import { ConnectionTable } from "../../transport/connection_table.ts";
import { StreamError } from "../../xmpp/errors.ts";

function connection(address: string, closed: (error: StreamError | undefined) => void = () => {}): Connection {
  return {
    transport: "tcp",
    secure: true,
    address,
    backlog: 0,
    send: () => {},
    probe: () => false,
    close: closed,
    pause: () => {},
    resume: () => {},
  };
}

describe("ConnectionTable", () => {
  test("admits so many of one address, and more when some have gone", () => {
    const table = new ConnectionTable(2);
    const first = connection("192.0.2.1");
    table.add(first);
    table.add(first);
    expect(table.admits("192.0.2.1", false)).toBe(true);
    table.add(connection("192.0.2.1"));
    expect(table.admits("192.0.2.1", false)).toBe(false);
    expect(table.admits("192.0.2.2", false)).toBe(true);
    table.remove(first);
    table.remove(first);
    expect(table.size).toBe(1);
    expect(table.admits("192.0.2.1", false)).toBe(true);
  });

  test("takes one network of IPv6 for one address", () => {
    const table = new ConnectionTable(1);
    table.add(connection("2001:db8::1"));
    expect(table.admits("2001:db8::2", false)).toBe(false);
    expect(table.admits("2001:db8:0:1::1", false)).toBe(true);
  });

  test.each([
    ["a loopback address", 1, "127.0.0.1", true],
    ["a limit of 0", 0, "192.0.2.1", false],
  ])("%s has no bound", (_what, limit, address, loopback) => {
    const table = new ConnectionTable(limit);
    for (let i = 0; i < 10; i++) table.add(connection(address));
    expect(table.admits(address, loopback)).toBe(true);
  });

  test("closeAll() closes each with the error, and admits none from then on", () => {
    const table = new ConnectionTable(0);
    const closed: (string | undefined)[] = [];
    for (const address of ["192.0.2.1", "192.0.2.2"]) {
      const each = connection(address, (error) => {
        closed.push(error?.condition);
        table.remove(each);
      });
      table.add(each);
    }
    table.closeAll(new StreamError("system-shutdown"));
    expect(closed).toEqual(["system-shutdown", "system-shutdown"]);
    expect(table.size).toBe(0);
    expect(table.isOpen).toBe(false);
    expect(table.admits("127.0.0.1", true)).toBe(false);
  });
});
