import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { isSecret, standardHeaders } from "../../../server/webhooks/standard_webhook.ts";

const PLAIN = "sixteen or more characters";
const CODED = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

describe("standardHeaders()", () => {
  test("gives what is published with the specification", () => {
    const content = { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", at: 1_614_265_330_000, body: '{"test": 2432232314}' };
    expect(standardHeaders(content, CODED)).toEqual({
      "webhook-id": content.id,
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    });
  });

  test("is verified by the reference implementation, whatever the body", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.constantFrom(PLAIN, CODED), (text, secret) => {
        const body = JSON.stringify({ text });
        const headers = standardHeaders({ id: "evt_1", at: Date.now(), body }, secret);
        const format = secret === PLAIN ? ({ format: "raw" } as const) : undefined;
        expect(new Webhook(secret, format).verify(body, headers)).toEqual({ text });
        const forged = { ...headers, "webhook-id": "evt_2" };
        expect(() => new Webhook(secret, format).verify(body, forged)).toThrow();
      }),
    );
  });

  test.each([
    [PLAIN, true],
    [CODED, true],
    ["short", false],
    ["whsec_c2hvcnQ=", false],
    ["whsec_not base64, but long enough", false],
  ])("isSecret() of %s: %p", (text, is) => {
    expect(isSecret(text)).toBe(is);
  });
});
