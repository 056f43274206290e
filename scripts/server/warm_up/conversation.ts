/** What the clients of the warm-up do: the same as those of a busy server. @module */
import type { AmpactServer } from "../../../server/create_server.ts";
import { NS } from "../../../xmpp/ns.ts";
import { type Markup, xml } from "../../../xmpp/xml/xml.ts";
import { type Deadline, TimeOver } from "./deadline.ts";
import { MemoryClient, nextTurn } from "./memory_client.ts";

export interface Account {
  readonly name: string;
  readonly password: string;
}

/** What was done. */
export interface Warmth {
  logins: number;
  messages: number;
}

export interface Conversation {
  readonly server: Pick<AmpactServer, "app" | "websocket" | "config">;
  /** An even number; each talks with the one after it. */
  readonly accounts: readonly Account[];
  /** Comes late in each round, and finds messages that were stored. */
  readonly absent: Account;
  readonly deadline: Deadline;
  /** Each begins with new logins. */
  readonly rounds: number;
  /** Bursts of messages in a round. */
  readonly bursts: number;
}

/** Messages that a client sends in one go. */
const BURST = 20;
const RESOURCE = "warm-up";
const BODY = xml`<body>What light through yonder window breaks? It is the east, and Juliet</body>`;
/** No rules, a report of proved receipt, rules that are not met. */
const RULES: readonly (Markup | undefined)[] = [
  undefined,
  xml`<amp xmlns="${NS.AMP}"><rule condition="deliver" action="notify" value="direct"/></amp>`,
  undefined,
  xml`
    <amp xmlns="${NS.AMP}">
      <rule condition="expire-at" action="drop" value="2999-01-01T00:00:00Z"/>
      <rule condition="match-resource" action="error" value="other"/>
    </amp>`,
];

/** Resolves when the rounds or the time are over. */
export async function converse(conversation: Conversation): Promise<Warmth> {
  const warmth: Warmth = { logins: 0, messages: 0 };
  try {
    for (let round = 0; round < conversation.rounds; round++) await playRound(conversation, warmth);
  } catch (error) {
    if (!(error instanceof TimeOver)) throw error;
  }
  return warmth;
}

async function playRound(conversation: Conversation, warmth: Warmth): Promise<void> {
  const { accounts, absent, deadline, bursts, server } = conversation;
  const [domain = ""] = server.config.domains;
  const clients = await Promise.all(accounts.map((account, at) => logIn(conversation, account, at, warmth)));
  const addresses = accounts.map(({ name }) => `${name}@${domain}/${RESOURCE}`);
  sendBurst(clients[0]!, `${absent.name}@${domain}`, undefined, warmth);
  for (let burst = 0; burst < bursts; burst++) {
    const rules = RULES[burst % RULES.length];
    for (const [at, client] of clients.entries()) {
      // One side of each pair speaks at a time.
      if (((at + burst) & 1) === 0) sendBurst(client, addresses[at ^ 1]!, rules, warmth);
    }
    await settle(clients, deadline);
  }
  const late = await logIn(conversation, absent, accounts.length, warmth);
  await late.messages(BURST);
  for (const client of [...clients, late]) client.close();
}

async function logIn(
  { server, deadline }: Conversation,
  { name, password }: Account,
  at: number,
  warmth: Warmth,
): Promise<MemoryClient> {
  const [domain = ""] = server.config.domains;
  // Both of a pair have sockets of one shape, the next pair of the other.
  const client = await MemoryClient.connect(server, at >> 1, deadline);
  const mechanism = at % 4 === 3 ? "SCRAM-SHA-256" : "PLAIN";
  await client.login({ domain, user: name, password, mechanism, resource: RESOURCE });
  warmth.logins++;
  return client;
}

function sendBurst(client: MemoryClient, to: string, rules: Markup | undefined, warmth: Warmth): void {
  for (let sent = 0; sent < BURST; sent++) {
    const id = `m${warmth.messages++}`;
    client.send(xml`<message xmlns="${NS.CLIENT}" type="chat" id="${id}" to="${to}">${BODY}${rules}</message>`.text);
  }
}

/** One turn brings the messages and takes the pongs, the next brings the reports. */
async function settle(clients: readonly MemoryClient[], deadline: Deadline): Promise<void> {
  for (let turn = 0; turn < 2; turn++) {
    await nextTurn();
    for (const client of clients) client.read();
  }
  deadline.check();
}
