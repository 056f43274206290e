import { describe, expect, test } from "bun:test";
import { AccountBacklog } from "../../../actors/session/account_backlog.ts";

function backlogOf(held: Record<string, number>) {
  const backlog = new AccountBacklog();
  const ended: string[] = [];
  const holders = Object.entries(held).map(([name, heldBytes]) => ({ heldBytes, giveUp: () => void ended.push(name) }));
  for (const holder of holders) backlog.add(holder);
  return { backlog, holders, ended };
}

describe("AccountBacklog", () => {
  test("leaves all sessions where they hold no more than the bound together", () => {
    const { backlog, ended } = backlogOf({ phone: 60, laptop: 40 });
    backlog.limit(100);
    expect(ended).toEqual([]);
  });

  test("has the one give up that holds most", () => {
    const { backlog, ended } = backlogOf({ tablet: 20, phone: 60, laptop: 40 });
    backlog.limit(100);
    expect(ended).toEqual(["phone"]);
  });

  test("counts a session once, and none that is over", () => {
    const { backlog, holders, ended } = backlogOf({ phone: 60, laptop: 50 });
    backlog.add(holders[0]!);
    backlog.limit(110);
    backlog.remove(holders[1]!);
    backlog.limit(60);
    expect(ended).toEqual([]);
  });
});
