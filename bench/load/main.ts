/** The load process: carries out commands that come from its parent, and answers each. @module */
import { Chat } from "./chat.ts";
import type { Answers, Command, Reply, Request } from "./commands.ts";
import { logIn } from "./log_in.ts";
import { flush, store } from "./offline.ts";
import { readPages } from "./pages.ts";
import type { Session } from "./session.ts";

const groups = new Map<string, readonly Session[]>();

process.on("message", (request: Request) => void answer(request));
process.on("disconnect", () => process.exit(0));

async function answer({ number, command }: Request): Promise<void> {
  try {
    reply({ number, answer: await carryOut(command) });
  } catch (error) {
    reply({ number, fault: error instanceof Error ? error.message : String(error) });
  }
}

function reply(message: Reply): void {
  process.send?.(message);
}

async function carryOut(command: Command): Promise<Answers[keyof Answers]> {
  switch (command.kind) {
    case "login": {
      const { sessions, answer } = await logIn(command);
      groups.set(command.group, sessions);
      return answer;
    }
    case "chat":
      return new Chat(command, sessionsOf(command.group)).run();
    case "store":
      return store(command, sessionsOf(command.group));
    case "flush":
      return flush(command, sessionsOf(command.group));
    case "pages":
      return readPages(command, sessionsOf(command.group)[0]!);
    case "leave":
      for (const session of sessionsOf(command.group)) session.leave();
      groups.delete(command.group);
      return {};
    default:
      return command satisfies never;
  }
}

function sessionsOf(group: string): readonly Session[] {
  const sessions = groups.get(group);
  if (sessions === undefined) throw new Error(`Cannot use group ${group}: nobody has logged in`);
  return sessions;
}
