import { describeConverse } from "./converse_conversation.ts";

describeConverse("websocket");
