import { describe, expect, test } from "bun:test";
import { createServer } from "../../../server/create_server.ts";
import { WARM_UP_DOMAIN, warmUp } from "../../../server/warm_up/warm_up.ts";
import type { Store, StoreCall, StoreOperations } from "../../../store/store.ts";
import { SILENT_LOG } from "../../../xmpp/log.ts";

/** Tells of each call. */
function watched(store: Store, told: (call: StoreCall) => void): Store {
  return {
    open: () => store.open(),
    close: () => store.close(),
    run(batch) {
      batch.forEach(told);
      return store.run(batch);
    },
  };
}

function server(store: Store, domain = WARM_UP_DOMAIN) {
  return createServer({ store, domains: [domain], log: SILENT_LOG, amp: { presencePolicy: "open" } });
}

describe("warmUp()", () => {
  test.each([
    // Two who talk on each transport, and those who come and go.
    ["all of them", 60_000, 1500, 4 + 2 * 64],
    ["none where there is no time", 0, 0, 4],
  ])(
    "sends messages and logs in the way that clients do, and stops what it has started: %s",
    async (_, limit, sent, came) => {
      let logins = 0;
      const archived = new Map<string, number>();
      let made: ReturnType<typeof server> | undefined;
      await warmUp((store) => {
        made = server(
          watched(store, ([method, ...parameters]) => {
            if (method === "credentials") logins++;
            if (method !== "append") return;
            for (const message of (parameters as Parameters<StoreOperations["append"]>)[0]) {
              for (const { owner } of message.archive) archived.set(owner, (archived.get(owner) ?? 0) + 1);
            }
          }),
        );
        return made;
      }, limit);
      expect(logins).toBe(came);
      for (const name of ["sender", "recipient"]) expect(archived.get(`${name}@${WARM_UP_DOMAIN}`) ?? 0).toBe(sent);
      expect(made?.sessionCount).toBe(0);
      await made?.start();
      await made?.stop();
    },
  );

  test("rejects where messages do not arrive, and stops what it has started", async () => {
    let made: ReturnType<typeof server> | undefined;
    const failed = warmUp((store) => {
      made = server(store, "elsewhere.example");
      return made;
    });
    expect(await failed.then(() => "", String)).toBe("Error: Cannot warm up: waited for features> in vain");
    await made?.start();
    await made?.stop();
  });
});

describe("AmpactServer.warmUp()", () => {
  test("leaves nothing, before the start and beside it", async () => {
    const real = createServer({ store: "sqlite::memory:", log: SILENT_LOG });
    await real.warmUp();
    await Promise.all([real.start(), real.warmUp()]);
    expect(real.sessionCount).toBe(0);
    expect(await real.accounts.list()).toEqual([]);
    await real.stop();
  });
});
