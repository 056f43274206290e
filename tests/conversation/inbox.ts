/** What a client has received and nobody has looked at yet; whoever waits for something gets it first. @module */
import type { Element } from "../../xmpp/xml/element.ts";

interface Waiter {
  readonly wants: (element: Element) => boolean;
  readonly resolve: (element: Element) => void;
}

const WAIT_MS = 3000;

export class Inbox {
  #elements: Element[] = [];
  #waiters: Waiter[] = [];

  add(element: Element): void {
    const at = this.#waiters.findIndex(({ wants }) => wants(element));
    const [waiter] = at < 0 ? [] : this.#waiters.splice(at, 1);
    if (waiter === undefined) this.#elements.push(element);
    else waiter.resolve(element);
  }

  /** The first element that is wanted, there already or still to come; undefined when it does not come in time. */
  take(wants: (element: Element) => boolean = () => true, waitMs: number = WAIT_MS): Promise<Element | undefined> {
    const at = this.#elements.findIndex(wants);
    if (at >= 0) return Promise.resolve(this.#elements.splice(at, 1)[0]);
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        resolve(undefined);
      }, waitMs);
      const waiter: Waiter = {
        wants,
        resolve: (element) => {
          clearTimeout(timer);
          resolve(element);
        },
      };
      this.#waiters.push(waiter);
    });
  }

  get elements(): readonly Element[] {
    return this.#elements;
  }

  clear(): readonly Element[] {
    const elements = this.#elements;
    this.#elements = [];
    return elements;
  }
}
