import { expect, test } from "bun:test";
import { Shares } from "../../../destinations/federation/shares.ts";

test("nobody takes more than a tenth, and together they take no more than all", () => {
  const shares = new Shares(200);
  for (let i = 0; i < 20; i++) shares.count("mallory", 1);
  expect(shares.isFull("mallory")).toBe(true);
  expect(shares.isFull("juliet")).toBe(false);
  shares.count("mallory", -1);
  expect(shares.isFull("mallory")).toBe(false);
  for (let i = 0; i < 181; i++) shares.count(`user${i}`, 1);
  expect(shares.isFull("juliet")).toBe(true);
  shares.count("user0", -1);
  expect(shares.isFull("juliet")).toBe(false);
});
