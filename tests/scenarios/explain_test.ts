/** explain() tells what send() then does, whatever the recipient's state and the rules. */
import { expect } from "bun:test";
import fc from "fast-check";
import type { AmpactServer, OutgoingRule } from "../../mod.ts";
import type { Cast } from "../conversation/cast.ts";
import { stage } from "../conversation/stage.ts";
import { echo } from "./echo_destination.ts";

const gateways = { "sms.localhost": () => "accepted" as const };
const destinations = [echo("echo.localhost")];
const transports = ["websocket"] as const;
const scenario = stage({ transports, gateways, destinations });
const RULE: fc.Arbitrary<OutgoingRule> = fc.oneof(
  fc.record({
    condition: fc.constant("deliver" as const),
    value: fc.constantFrom("direct", "stored", "none", "forward", "gateway"),
    action: fc.constantFrom("alert", "drop", "error", "notify"),
  }),
  fc.record({
    condition: fc.constant("match-resource" as const),
    value: fc.constantFrom("any", "exact", "other"),
    action: fc.constantFrom("alert", "drop", "error", "notify"),
  }),
  fc.record({
    condition: fc.constant("expire-at" as const),
    value: fc.constantFrom(new Date("2001-01-01T00:00:00Z"), new Date(Date.now() + 86_400_000)),
    action: fc.constantFrom("alert", "drop", "error", "notify"),
  }),
) as fc.Arbitrary<OutgoingRule>;

/** An overdue rule behind a `notify` that waits for its proof: whichever comes first is true. */
function races(rules: readonly OutgoingRule[] = []): boolean {
  const first = rules.findIndex(({ condition, action }) => condition === "deliver" && action === "notify");
  return first >= 0 && rules.slice(first).some(({ value }) => value instanceof Date && value.getTime() < Date.now());
}

async function compare(app: AmpactServer, addresses: readonly string[]): Promise<void> {
  const given = fc.record({
    to: fc.constantFrom(...addresses),
    type: fc.constantFrom("chat" as const, "normal" as const, "headline" as const),
    rules: fc.option(
      fc.uniqueArray(RULE, {
        minLength: 1,
        maxLength: 4,
        selector: ({ condition, value, action }) => `${condition}${value}${action}`,
      }),
      { nil: undefined },
    ),
  });
  await fc.assert(
    fc.asyncProperty(
      given.filter(({ rules }) => !races(rules)),
      async ({ to, type, rules }) => {
        const message = { to, type, body: "hi", ...(rules !== undefined && { rules }) };
        const told = await app.explain(message);
        const sent = await app.send(message);
        expect({ to, outcome: told.outcome }).toEqual({ to, outcome: sent });
      },
    ),
    { numRuns: 150 },
  );
}

async function addressesOf(cast: Cast): Promise<readonly string[]> {
  const { romeo, juliet, nurse, benvolio, server } = cast;
  await juliet.online({ hears: ["message"] });
  await benvolio.online({ hears: ["message"], priority: -1 });
  await server.app.accounts.setForward(nurse.bare, juliet.bare);
  await server.app.accounts.setForward(cast.tybalt.bare, `nobody@${server.domain}`);
  const nobody = `nobody@${server.domain}`;
  return [
    juliet.bare,
    juliet.full,
    `${juliet.bare}/gone`,
    benvolio.bare,
    benvolio.full,
    nurse.bare,
    cast.tybalt.bare,
    romeo.bare,
    nobody,
    "x@elsewhere.example",
    server.domain,
  ];
}

scenario("explain() equals send() for what frozen accounts do", { timeoutMs: 60_000 }, async (cast) => {
  await compare(cast.server.app, [...(await addressesOf(cast)), "1@sms.localhost", "cave@echo.localhost"]);
  for (const device of [cast.juliet, cast.benvolio]) device.drops();
});

scenario("explain() tells each rule's state, and sends nothing", async ({ juliet, server }) => {
  await juliet.online({ hears: ["message"] });
  const rules: readonly OutgoingRule[] = [
    { condition: "expire-at", value: new Date(Date.now() + 86_400_000), action: "drop" },
    { condition: "deliver", value: "stored", action: "error" },
    { condition: "deliver", value: "direct", action: "notify" },
    { condition: "match-resource", value: "any", action: "alert" },
  ];
  const told = await server.app.explain({ to: juliet.bare, body: "hi", rules });
  expect(told.rules.map(({ state }) => state)).toEqual([
    "may be met later",
    "not met",
    "met",
    "behind a rule that was met",
  ]);
  expect(told).toMatchObject({
    plan: { kind: "direct", resources: ["balcony"] },
    action: "notify",
    outcome: { kind: "direct", resource: "balcony" },
  });
  await juliet.receivesNothing();
});
