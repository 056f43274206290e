import { describe, expect, test } from "bun:test";
import { type ArrivedRequest, ResponseReceipts } from "../../../transport/bosh/response_receipts.ts";

const poll: ArrivedRequest = {
  rid: 12,
  ack: undefined,
  isPoll: true,
  isExtra: false,
  cameEarly: false,
  unanswered: 0,
  anyAbandoned: false,
};

/** Responses up to 11 have been sent; what does request 12 prove? */
describe("ResponseReceipts without acknowledgements", () => {
  test.each([
    ["a poll, nothing being open", poll, 11],
    ["data, nothing being open", { ...poll, isPoll: false }, 0],
    ["data beside an open request: all that may be open is", { ...poll, rid: 13, isPoll: false, unanswered: 1 }, 11],
    ["a poll beside an open request", { ...poll, rid: 13, unanswered: 1 }, 11],
    ["a request beyond the limit", { ...poll, rid: 13, isPoll: false, isExtra: true, unanswered: 1 }, 0],
    ["a poll that came before its predecessor", { ...poll, cameEarly: true }, 0],
    ["a poll after a request that was given up", { ...poll, unanswered: 1, anyAbandoned: true }, 0],
    ["an ack that nobody announced", { ...poll, isPoll: false, ack: 11 }, 0],
  ])("%s", (_what, request, proven) => {
    const receipts = new ResponseReceipts(2, false);
    receipts.onResponse(11, true);
    receipts.onRequest(request);
    expect(receipts.proven).toBe(proven);
  });

  test("two open requests of three prove nothing", () => {
    const receipts = new ResponseReceipts(3, false);
    receipts.onResponse(11, true);
    receipts.onRequest({ ...poll, rid: 13, isPoll: false, unanswered: 1 });
    expect(receipts.proven).toBe(0);
    receipts.onRequest({ ...poll, rid: 14, isPoll: false, unanswered: 2 });
    expect(receipts.proven).toBe(11);
  });
});

describe("ResponseReceipts with acknowledgements", () => {
  test.each([
    ["ack", { ...poll, ack: 10 }, 10],
    ["ack of all", { ...poll, ack: 11 }, 11],
    ["ack of what was never sent", { ...poll, ack: 12 }, 0],
    ["no ack, nothing being open: nothing is missing", { ...poll, isPoll: false }, 11],
    ["no ack beside an open request: it cannot be meant", { ...poll, rid: 13, unanswered: 1 }, 0],
    ["no ack, early", { ...poll, cameEarly: true }, 0],
  ])("%s", (_what, request, proven) => {
    const receipts = new ResponseReceipts(2, true);
    receipts.onResponse(11, true);
    receipts.onRequest(request);
    expect(receipts.proven).toBe(proven);
  });

  test("never goes back", () => {
    const receipts = new ResponseReceipts(2, true);
    receipts.onResponse(11, true);
    receipts.onRequest({ ...poll, ack: 11 });
    receipts.onRequest({ ...poll, rid: 13, ack: 10 });
    expect(receipts.proven).toBe(11);
  });
});
