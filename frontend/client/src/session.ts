/**
 * One sign-in, kept alive across tabs, lost answers and restarts without anybody noticing.
 *
 * The access token lives in memory only. At most one tab refreshes at a time (Web Locks), the others adopt what it
 * publishes (BroadcastChannel). A refresh whose answer was lost is sent again with the same Idempotency-Key, so the
 * server can tell a retry from a stolen token.
 */

import { type KeyStore, type Platform, sleep, unref, uuid } from "./platform.js";
import { isProblem, NetworkError, type Problem, problemOf } from "./problem.js";
import { type SessionOptions, type Tokens, Wire } from "./wire.js";

/** Why nobody is signed in: the shopper's own doing, or a code of the API (`session_revoked`, …). */
export type SessionState =
  | { readonly signedIn: true; readonly sessionId: string }
  | { readonly signedIn: false; readonly sessionId: null; readonly reason: string | null };

interface Held {
  access: string;
  sessionId: string;
  receivedAt: number;
  /** Milliseconds that the token lives, and from when on it is to be replaced, both from `receivedAt`. */
  lifeMs: number;
  dueMs: number;
}

type Message =
  | { type: "ask" }
  | { type: "token" | "signed-in"; held: Held }
  | { type: "signed-out"; sessionId: string | null; reason: string };

/** After an attempt: it is over, or another one may be made. */
type Step = "done" | "conflict" | { afterMs: number };

const SIGNED_IN = "mk-signed-in"; // the session's id, which is no secret; the flag that a refresh is worth trying
const KEY = "mk-rt-key";
const REFRESH = "mk-refresh"; // body mode only
const ENDED = "mk-ended"; // why the session ended, for a tab that opens too late to hear of it
const LEAVING = "mk-leaving"; // a sign-out that the server has not heard of yet
const KEY_LIFE_MS = 280_000; // the server honours a key for 300 s
const REFRESH_TIMEOUT_MS = 10_000;
const PEERS_WAIT_MS = 100;
const TICK_MS = 30_000;

export class Session {
  #state: SessionState;
  #held: Held | null = null;
  #epoch = 0; // raised by every sign-in and sign-out: what began before it is not to take effect after it
  #refreshing: Promise<void> | null = null;
  #halted: Problem | null = null;
  #heard: () => void = () => {};
  #stop: () => void = () => {};
  readonly #listeners = new Set<() => void>();
  readonly #storage: KeyStore;
  readonly #wire: Wire;

  constructor(
    private readonly on: Platform,
    private readonly options: SessionOptions,
  ) {
    this.#storage = on.storage;
    this.#wire = new Wire(on, options);
    const sessionId = this.#storage.getItem(SIGNED_IN);
    this.#state = sessionId
      ? { signedIn: true, sessionId }
      : { signedIn: false, sessionId: null, reason: this.#storage.getItem(ENDED) };
  }

  get state(): SessionState {
    return this.#state;
  }

  /** Calls `listener` after every change of `state`; answers how to stop that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Begins to listen to other tabs and to the clock, and refreshes if this browser was signed in. */
  start(): void {
    if (this.on.channel) this.on.channel.onmessage = (event) => this.#hear(event.data);
    const check = () => this.#check();
    const sleepAgain = this.on.onWake(check);
    const tick = setInterval(check, TICK_MS);
    unref(tick);
    this.#stop = () => {
      clearInterval(tick);
      sleepAgain();
      this.on.channel?.close();
    };
    this.#check();
  }

  /** Ends what `start` began. The shopper stays signed in. */
  stop(): void {
    this.#stop();
  }

  /** The access token to send, or null when signed out. Throws: NetworkError, Problem. */
  async token(): Promise<string | null> {
    if (!this.#state.signedIn) return null;
    const held = this.#held;
    if (!held) await this.refresh();
    else if (this.#age(held) >= held.dueMs) {
      const alive = () => this.#held !== null && this.#age(this.#held) < this.#held.lifeMs;
      try {
        // While the old token still works, a refresh that hangs is not worth a long wait.
        await this.refresh(held.access, alive() ? Math.min(this.options.waitMs, 2_000) : this.options.waitMs);
      } catch (error) {
        if (!(error instanceof NetworkError) || !alive()) throw error;
      }
    }
    return this.#held?.access ?? null;
  }

  /**
   * Replaces the access token `failed`, once however many ask. Returns when there is a newer one or nobody is signed
   * in any more. Throws: NetworkError after `waitMs` (the refresh itself goes on), Problem where trying is no use.
   */
  refresh(failed?: string, waitMs = this.options.waitMs): Promise<void> {
    if (this.#halted) return Promise.reject(this.#halted);
    if (!this.#state.signedIn || (failed !== undefined && this.#newer(failed))) return Promise.resolve();
    if (!this.#refreshing) {
      const running = this.#keepTrying(failed).finally(() => {
        if (this.#refreshing === running) this.#refreshing = null;
      });
      this.#refreshing = running;
      running.catch(() => {}); // whoever waits is told; nobody may be waiting
    }
    return within(waitMs, this.#refreshing);
  }

  /** Signs in by `path` (login, register). Throws: Problem, NetworkError. */
  signIn<T extends Tokens>(path: string, body: unknown, headers: Record<string, string> = {}): Promise<T> {
    return this.#wire.locked(async () => {
      const answer = await this.#wire.tokens<T>(path, body, headers);
      this.#epoch++;
      this.#forget(LEAVING);
      this.#accept(answer, "signed-in");
      return answer;
    });
  }

  /** Makes a call that answers new tokens for this very session (a password change). Throws: as `signIn`. */
  async renew(path: string, body: unknown): Promise<void> {
    const access = await this.token(); // before the lock, which a refresh needs
    try {
      await this.#wire.locked(async () => {
        this.#accept(await this.#wire.tokens(path, body, { Authorization: `Bearer ${access}` }), "token");
      });
    } catch (error) {
      if (isProblem(error) && isOver(error)) this.ended(error.code);
      throw error;
    }
  }

  /** Signs out here and in the other tabs at once, and at the server as soon as it can be reached. */
  async signOut(): Promise<void> {
    const bearer = this.#held && { Authorization: `Bearer ${this.#held.access}` };
    if (this.#state.signedIn) this.#storage.setItem(LEAVING, this.#storage.getItem(REFRESH) ?? "cookie");
    this.ended("signed_out");
    await this.#tellServer(bearer ?? {});
  }

  /** The session is over: forgets it here, and tells the other tabs. */
  ended(reason: string): void {
    const { sessionId } = this.#state;
    if (reason !== "signed_out") this.#storage.setItem(ENDED, reason); // first: a tab may open between two writes
    this.#forget(SIGNED_IN, REFRESH);
    this.#leave(reason);
    this.#say({ type: "signed-out", sessionId, reason });
  }

  /** The shopper has read why the session ended, and need not be told again. */
  dismiss(): void {
    this.#forget(ENDED);
    if (!this.#state.signedIn) this.#set({ signedIn: false, sessionId: null, reason: null });
  }

  // --- One refresh ---------------------------------------------------------------------------------------------------

  async #keepTrying(failed: string | undefined): Promise<void> {
    const epoch = this.#epoch;
    const begun = this.on.now();
    let conflicts = 0;
    for (let failures = 0; epoch === this.#epoch; failures++) {
      if (!this.on.online()) break; // `online` wakes us up again
      const step = await this.#wire.locked(() => this.#attempt(failed, epoch));
      if (step === "done") return;
      let wait = 1_000;
      if (step === "conflict") {
        if (conflicts++ === 2) break;
      } else wait = Math.max(step.afterMs, Math.min(8_000, 500 * 2 ** failures) * (0.75 + Math.random() / 2));
      if (this.on.now() - begun + wait > KEY_LIFE_MS) break;
      await sleep(wait);
    }
    if (epoch === this.#epoch) throw new NetworkError("The sign-in could not be renewed: the shop is not reachable.");
  }

  async #attempt(failed: string | undefined, epoch: number): Promise<Step> {
    if (epoch !== this.#epoch || (await this.#adopted(failed))) return "done";
    const expected = this.#storage.getItem(SIGNED_IN);
    if (expected === null) {
      this.#leave(this.#storage.getItem(ENDED) ?? "signed_out"); // by another tab, while we waited
      return "done";
    }
    const answer = await this.#ask();
    if (epoch !== this.#epoch) return "done"; // a late answer must not revive a session, or outlive a newer one
    if (!(answer instanceof Response)) return answer;
    if (answer.ok) return this.#received(answer, epoch);
    const problem = await problemOf(answer);
    if (problem.status === 409) return "conflict";
    if (problem.status === 429 || problem.status >= 500) return { afterMs: (problem.retryAfterS ?? 0) * 1_000 };
    this.#forget(KEY);
    if (problem.status !== 401) {
      this.#halted = problem; // a forbidden Origin, say: no later try would end otherwise
      this.options.onReport(problem);
      throw problem;
    }
    if (this.#storage.getItem(SIGNED_IN) === expected) this.ended(problem.code); // else another tab signed in meanwhile
    return "done";
  }

  async #ask(): Promise<Response | Step> {
    try {
      const body = this.options.mode === "body" ? { refresh: this.#storage.getItem(REFRESH) ?? "" } : {};
      return await this.#wire.post("/api/auth/refresh", body, { "Idempotency-Key": this.#key() }, REFRESH_TIMEOUT_MS);
    } catch {
      return { afterMs: 0 };
    }
  }

  async #received(answer: Response, epoch: number): Promise<Step> {
    let tokens: Tokens;
    try {
      tokens = await answer.json();
    } catch {
      return { afterMs: 0 }; // cut off in the middle: as good as lost
    }
    if (epoch === this.#epoch) this.#accept(tokens, "token");
    return "done";
  }

  #key(): string {
    const [kept, since] = (this.#storage.getItem(KEY) ?? "").split(" ");
    const age = this.on.now() - Number(since);
    if (kept && age >= 0 && age < KEY_LIFE_MS) return kept;
    const fresh = uuid();
    this.#storage.setItem(KEY, `${fresh} ${this.on.now()}`);
    return fresh;
  }

  /** Whether some tab has a token newer than `failed`, which this one then has too. */
  async #adopted(failed: string | undefined): Promise<boolean> {
    if (this.#newer(failed)) return true;
    if (!this.on.channel) return false;
    const heard = new Promise<void>((done) => {
      this.#heard = done;
    });
    this.#say({ type: "ask" });
    await Promise.race([heard, sleep(PEERS_WAIT_MS)]);
    return this.#newer(failed);
  }

  #newer(failed: string | undefined): boolean {
    return this.#held !== null && this.#held.access !== failed && this.#age(this.#held) < this.#held.dueMs;
  }

  /** Milliseconds since the token came; past every limit if the clock was set back, as then nothing is known. */
  #age(held: Held): number {
    const age = this.on.now() - held.receivedAt;
    return age < 0 ? Number.POSITIVE_INFINITY : age;
  }

  // --- What this tab knows ---------------------------------------------------------------------------------------------

  #accept(tokens: Tokens, as: "token" | "signed-in"): void {
    const lifeMs = tokens.accessExpiresIn * 1_000;
    const early = Math.min(60_000, 0.2 * lifeMs) + Math.random() * Math.min(10_000, 0.1 * lifeMs);
    const { access, sessionId } = tokens;
    const held: Held = { access, sessionId, receivedAt: this.on.now(), lifeMs, dueMs: lifeMs - early };
    const other = as === "token" && this.#state.sessionId !== sessionId;
    this.#forget(KEY, ENDED);
    if (tokens.refresh) this.#storage.setItem(REFRESH, tokens.refresh);
    this.#storage.setItem(SIGNED_IN, sessionId);
    if (other) this.#changed();
    else {
      this.#hold(held);
      this.#say({ type: as, held });
    }
  }

  #hold(held: Held): void {
    this.#held = held;
    this.#halted = null;
    if (this.#state.sessionId !== held.sessionId) this.#set({ signedIn: true, sessionId: held.sessionId });
    this.#heard();
  }

  #leave(reason: string): void {
    this.#epoch++;
    this.#held = null;
    this.#halted = null;
    this.#forget(KEY);
    if (this.#state.signedIn) this.#set({ signedIn: false, sessionId: null, reason });
  }

  /** Somebody else is signed in in this browser now: nothing that this page shows may stay. */
  #changed(): void {
    this.#leave("account_changed");
    this.on.reload();
  }

  #set(state: SessionState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }

  #forget(...keys: string[]): void {
    for (const key of keys) this.#storage.removeItem(key);
  }

  // --- Other tabs, and the clock ---------------------------------------------------------------------------------------

  #say(message: Message): void {
    try {
      this.on.channel?.postMessage(message);
    } catch {
      // A closed channel: the other tabs find out by themselves.
    }
  }

  #hear(message: Message): void {
    const { sessionId } = this.#state;
    if (message.type === "ask") {
      if (this.#held && this.#newer(undefined)) this.#say({ type: "token", held: this.#held });
    } else if (message.type === "signed-out") {
      if (sessionId !== null && message.sessionId === sessionId) this.#leave(message.reason);
    } else if (message.held.sessionId === sessionId) {
      if (message.held.receivedAt > (this.#held?.receivedAt ?? 0)) this.#hold(message.held);
    } else if (message.type === "signed-in") {
      if (sessionId !== null) this.#changed();
      else this.#hold(message.held);
    }
  }

  #check(): void {
    if (this.#storage.getItem(LEAVING)) void this.#tellServer({});
    if (!this.on.visible()) return;
    // What other tabs have done is in the storage, should there be no channel to hear it on.
    const kept = this.#storage.getItem(SIGNED_IN);
    const { sessionId } = this.#state;
    if (kept === null) this.#leave(this.#storage.getItem(ENDED) ?? "signed_out");
    else if (sessionId !== null && kept !== sessionId) this.#changed();
    else {
      if (sessionId === null) this.#set({ signedIn: true, sessionId: kept });
      if (this.on.online() && !this.#newer(undefined)) this.refresh(this.#held?.access).catch(() => {});
    }
  }

  async #tellServer(headers: Record<string, string>): Promise<void> {
    await this.#wire.locked(async () => {
      const leaving = this.#storage.getItem(LEAVING);
      if (!leaving || this.#storage.getItem(SIGNED_IN)) {
        this.#forget(LEAVING); // a newer sign-in has ended it
        return;
      }
      const body = this.options.mode === "body" ? { refresh: leaving } : {};
      try {
        const answer = await this.#wire.post("/api/auth/logout", body, headers, REFRESH_TIMEOUT_MS, true);
        if (answer.status < 500 && answer.status !== 429) this.#forget(LEAVING);
      } catch {
        // Not reachable: `online`, the tick or the next start tries again.
      }
    });
  }
}

/** Whether a refusal means that the session itself is over, and not just its access token. */
export function isOver(problem: Problem): boolean {
  return problem.status === 401 && /^session_(revoked|expired)$/.test(problem.code);
}

function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(new NetworkError("The sign-in could not be renewed in time.")), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
