/** Idempotency keys: one for an attempt and all its repetitions, another as soon as the attempt is a different one. */

import { uuid } from "./platform.js";

/**
 * The key of one thing a shopper does once, such as placing an order. Trying again with the same content gives the
 * same key, so that the server answers with the first order instead of a second one.
 */
export class AttemptKey {
  #content: string | undefined;
  #key = "";

  /** The key to send with `content` (anything that JSON can hold). */
  for(content: unknown): string {
    const now = JSON.stringify(content);
    if (now !== this.#content) {
      this.#content = now;
      this.#key = uuid();
    }
    return this.#key;
  }

  /** It went through: the next attempt is a new one, whatever it holds. */
  done(): void {
    this.#content = undefined;
  }
}
