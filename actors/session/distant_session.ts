/** A session whose connection is with another process: it tells what it would do whenever that changes. @module */
import type { ResourceAnswer } from "../../amp/plan.ts";
import type { SessionId } from "../address.ts";
import type { Post } from "../post.ts";
import type { SessionLetter, SessionRef } from "./session_letter.ts";

export class DistantSession implements SessionRef {
  readonly id: SessionId;
  view: ResourceAnswer | undefined;
  readonly #post: Post;

  constructor(post: Post, id: SessionId, view: ResourceAnswer) {
    this.#post = post;
    this.id = id;
    this.view = view;
  }

  tell(letter: SessionLetter): void {
    this.#post.send({ kind: "session", id: this.id }, letter);
  }
}
