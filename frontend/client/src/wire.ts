/** How the session talks to the server: one at a time among the tabs, with time limits, in one of two transports. */

import type { Platform } from "./platform.js";
import { NetworkError, type Problem, problemOf } from "./problem.js";
import type { components } from "./schema.js";

export type Tokens = components["schemas"]["SignedIn"];

export interface SessionOptions {
  baseUrl: string;
  /** `cookie`: the refresh token is an HttpOnly cookie (browsers). `body`: it is kept in `storage` (Node). */
  mode: "cookie" | "body";
  /** How long a call waits for a refresh that does not get through, before it fails as a NetworkError. */
  waitMs: number;
  /** Told of refusals that only a developer can mend (a forbidden Origin), and of nothing else. */
  onReport: (problem: Problem) => void;
}

const LOCK_WAIT_MS = 12_000;
const SIGN_IN_TIMEOUT_MS = 30_000;

export class Wire {
  constructor(
    private readonly on: Platform,
    private readonly options: SessionOptions,
  ) {}

  /** Runs `work` alone among the tabs; without locks, or after waiting too long for one, alone in this tab at best. */
  async locked<T>(work: () => Promise<T>): Promise<T> {
    let entered = false;
    try {
      return await this.on.locks.request("mk-auth", { signal: AbortSignal.timeout(LOCK_WAIT_MS) }, () => {
        entered = true;
        return work();
      });
    } catch (error) {
      if (entered) throw error;
      return work();
    }
  }

  /** Posts JSON; in cookie mode with the cookie, and with the header that shows that it is us. */
  post(path: string, body: unknown, headers: Record<string, string>, timeoutMs: number, keepalive = false) {
    const cookie = this.options.mode === "cookie";
    return this.on.fetch(this.options.baseUrl + path, {
      method: "POST",
      credentials: cookie ? "include" : "omit",
      cache: "no-store",
      headers: { "Content-Type": "application/json", ...(cookie && { "X-Markrin-Client": "web" }), ...headers },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(timeoutMs),
      keepalive,
    });
  }

  /** Posts to a call that answers tokens. Throws: Problem, NetworkError. */
  async tokens<T extends Tokens>(path: string, body: unknown, headers: Record<string, string>): Promise<T> {
    let answer: Response;
    try {
      answer = await this.post(path, body, headers, SIGN_IN_TIMEOUT_MS);
      if (answer.ok) return (await answer.json()) as T;
    } catch (cause) {
      throw new NetworkError("The shop is not reachable.", { cause });
    }
    throw await problemOf(answer);
  }
}
