import { describe, expect, test } from "bun:test";
import { createMemory } from "../../modules/memory.ts";
import { PASSWORDS, Passwords } from "../../modules/passwords.ts";
import { PasswordError } from "../../xmpp/scram_keys.ts";
import { WorkLimit, WorkLimitError } from "../../xmpp/work_limit.ts";

describe("Passwords", () => {
  test("checks what it has derived", async () => {
    const passwords = createMemory().get(PASSWORDS);
    const credentials = await passwords.derive("pencil", 4096);
    expect(await passwords.check("pencil", credentials)).toBe(true);
    expect(await passwords.check("Pencil", credentials)).toBe(false);
  });

  test("tells what is wrong with a password", () => {
    expect(createMemory().get(PASSWORDS).derive("", 4096)).rejects.toBeInstanceOf(PasswordError);
  });

  test("refuses both where too much is waiting", async () => {
    const passwords = new Passwords(new WorkLimit(1, 0));
    const first = passwords.derive("pencil", 4096);
    expect(passwords.check("pencil", {})).rejects.toBeInstanceOf(WorkLimitError);
    expect(passwords.derive("pencil", 4096)).rejects.toBeInstanceOf(WorkLimitError);
    await first;
    expect(await passwords.check("pencil", await first)).toBe(true);
  });
});
