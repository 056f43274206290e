/** Bind 2, listed here; transport/sasl2 implements it. XEP-0386 v1.1.0 section 3. @module */
import type { ServerModule } from "./module.ts";

export const bind2: ServerModule = {
  name: "bind2",
  xeps: [
    {
      xep: 386,
      title: "Bind 2",
      version: "1.1.0",
      status: "partial",
      note: "messages that wait are not cleared: they go once the client proves receipt, or has read its archive",
    },
  ],
};
