/** Tabs of one browser, made of real clients: they share a storage, locks, a channel and the network. */

import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, beforeEach, vi } from "vitest";
import { createShop, type ShopOptions } from "../src/client.js";
import type { KeyStore, Locks } from "../src/platform.js";
import { BASE, Server } from "./server.js";

export const network = setupServer();
beforeAll(() => network.listen({ onUnhandledRequest: "error" }));
afterAll(() => network.close());

export let server: Server;
let open: { stop(): void }[] = [];
let wakers: (() => void)[] = [];
export const world = { online: true, visible: true, skewMs: 0 };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"] });
  server = new Server();
  network.resetHandlers(...server.handlers());
  Object.assign(world, { online: true, visible: true, skewMs: 0 });
});
afterEach(() => {
  for (const tab of open) tab.stop();
  open = [];
  wakers = [];
  vi.useRealTimers();
});

export class Storage implements KeyStore {
  readonly kept = new Map<string, string>();
  getItem = (key: string) => this.kept.get(key) ?? null;
  setItem = (key: string, value: string) => void this.kept.set(key, value);
  removeItem = (key: string) => void this.kept.delete(key);
}

/** Web Locks between the tabs of one browser. */
export class SharedLocks implements Locks {
  #last: Promise<unknown> = Promise.resolve();
  request<T>(_name: string, _options: unknown, work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work, work);
    this.#last = turn.catch(() => {});
    return turn;
  }
}

/** A BroadcastChannel whose messages arrive a little later, as they do between processes. */
export class Air {
  readonly #ends = new Set<{ onmessage: ((event: MessageEvent) => void) | null }>();
  join() {
    const ends = this.#ends;
    const end = {
      onmessage: null as ((event: MessageEvent) => void) | null,
      postMessage(data: unknown) {
        const copy = structuredClone(data);
        for (const other of ends) {
          if (other !== end) setTimeout(() => other.onmessage?.({ data: copy } as MessageEvent), 5);
        }
      },
      close: () => void ends.delete(end),
    };
    ends.add(end);
    return end;
  }
}

export class Browser {
  readonly storage = new Storage();
  readonly air = new Air();
  readonly locks = new SharedLocks();
  reloads = 0;
  reports: unknown[] = [];

  /** Opens a tab. */
  tab(options: Partial<ShopOptions> & Record<string, unknown> = {}) {
    const shop = createShop({
      baseUrl: BASE,
      mode: "cookie",
      storage: this.storage,
      locks: this.locks,
      channel: this.air.join(),
      onReport: (problem: unknown) => this.reports.push(problem),
      now: () => Date.now() + world.skewMs,
      online: () => world.online,
      visible: () => world.visible,
      onWake: (back: () => void) => {
        wakers.push(back);
        return () => {};
      },
      reload: () => void this.reloads++,
      ...options,
    } as ShopOptions);
    open.push(shop);
    return shop;
  }

  /** Opens a tab, signs in, and forgets what was asked so far. */
  async signedIn(options: Parameters<Browser["tab"]>[0] = {}) {
    const shop = this.tab(options);
    await settled(shop.auth.login({ email: "asha@example.com", password: "a long secret" }));
    server.log = [];
    server.keys = [];
    return shop;
  }
}

/** What the page's `online` or `visibilitychange` event would do. */
export function wake(): void {
  for (const back of wakers) back();
}

/** The outcome of `work`, with the clock running at most `ms` for it. */
export async function settled<T>(work: Promise<T>, ms = 400_000): Promise<T> {
  let over = false;
  const end = () => {
    over = true;
  };
  work.then(end, end);
  const until = Date.now() + ms;
  while (!over && Date.now() < until) {
    await breathe();
    if (!over) await vi.advanceTimersByTimeAsync(5);
  }
  if (!over) throw new Error(`not settled after ${ms} ms`);
  return work;
}

/** Lets the clock run, and what is under way go on. */
export async function pass(ms: number): Promise<void> {
  const step = Math.max(5, Math.min(ms / 20, 1_000));
  for (let gone = 0; gone < ms; gone += step) {
    await breathe();
    await vi.advanceTimersByTimeAsync(step);
  }
  await breathe();
}

/** A few real turns of the event loop, for what does not run on the faked clock. */
async function breathe(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((next) => setImmediate(next));
}

export const profile = (shop: { fetch: typeof fetch }) => shop.fetch(`${BASE}/api/auth/profile`);
