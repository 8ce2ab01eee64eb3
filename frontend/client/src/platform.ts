/** What the client takes from the browser or from Node, each piece optional, and none of them ever fatal. */

/** Where the client keeps a few short strings: `localStorage` in a browser, something of yours in Node. */
export interface KeyStore {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** The part of Web Locks that is used. */
export interface Locks {
  request<T>(name: string, options: { signal: AbortSignal }, work: () => Promise<T>): Promise<T>;
}

/** The part of BroadcastChannel that is used. */
export interface Channel {
  postMessage(message: unknown): void;
  onmessage: ((event: MessageEvent) => void) | null;
  close(): void;
}

export interface Platform {
  fetch: typeof fetch;
  storage: KeyStore;
  locks: Locks;
  channel: Channel | undefined;
  /** Milliseconds; only differences are used, so a wrong clock does no harm. */
  now(): number;
  online(): boolean;
  visible(): boolean;
  /** Calls back when the page becomes visible or the network returns; answers how to stop that. */
  onWake(back: () => void): () => void;
  reload(): void;
}

/** The platform this code runs on, with what `given` replaces. */
export function platform(given: Partial<Platform> = {}): Platform {
  return {
    fetch: (input, init) => globalThis.fetch(input, init),
    storage: guarded(given.storage ?? attempt(() => globalThis.localStorage)),
    locks: attempt(() => globalThis.navigator?.locks as Locks | undefined) ?? ownLocks(),
    channel: attempt(openChannel),
    now: () => Date.now(),
    online: () => globalThis.navigator?.onLine !== false,
    visible: () => globalThis.document?.visibilityState !== "hidden",
    onWake,
    reload: () => globalThis.location?.reload(),
    ...without(given, "storage"),
  };
}

/** A random version 4 UUID, also where the page is not a secure context and has no `crypto.randomUUID`. */
export function uuid(): string {
  if (globalThis.crypto.randomUUID) return globalThis.crypto.randomUUID();
  const hex = Array.from(globalThis.crypto.getRandomValues(new Uint8Array(16)), (byte, at) =>
    (at === 6 ? (byte & 15) | 64 : at === 8 ? (byte & 63) | 128 : byte).toString(16).padStart(2, "0"),
  ).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** Waits without keeping Node alive for it: whoever needs the result has a time limit of its own running. */
export function sleep(ms: number): Promise<void> {
  return new Promise((done) => unref(setTimeout(done, ms)));
}

/** Lets Node end before the timer does; a browser's timers are plain numbers. */
export function unref(timer: unknown): void {
  (timer as { unref?(): void }).unref?.();
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined; // such as localStorage where cookies are blocked: reading the property alone throws
  }
}

/** A channel only where there are other tabs to talk to: in Node an open one would keep the process alive. */
function openChannel(): Channel | undefined {
  return globalThis.document && new BroadcastChannel("mk-auth");
}

function onWake(back: () => void): () => void {
  const { document } = globalThis;
  if (!document) return () => {};
  document.addEventListener("visibilitychange", back);
  globalThis.addEventListener("online", back);
  return () => {
    document.removeEventListener("visibilitychange", back);
    globalThis.removeEventListener("online", back);
  };
}

/** `storage` whose failures (full, forbidden) go unnoticed, because memory remembers as well. */
function guarded(storage: KeyStore | undefined): KeyStore {
  const memory = new Map<string, string>();
  let broken = storage === undefined;
  const use = <T>(work: (storage: KeyStore) => T, otherwise: T): T => {
    if (broken || !storage) return otherwise;
    try {
      return work(storage);
    } catch {
      broken = true;
      return otherwise;
    }
  };
  return {
    getItem: (key) => {
      const found = use((kept) => kept.getItem(key), null);
      return broken ? (memory.get(key) ?? null) : found;
    },
    setItem: (key, value) => {
      memory.set(key, value);
      use((kept) => kept.setItem(key, value), undefined);
    },
    removeItem: (key) => {
      memory.delete(key);
      use((kept) => kept.removeItem(key), undefined);
    },
  };
}

/** One at a time within this tab, where there are no Web Locks. */
function ownLocks(): Locks {
  let last: Promise<unknown> = Promise.resolve();
  return {
    request(_name, _options, work) {
      const turn = last.then(work, work);
      last = turn.catch(() => {});
      return turn;
    },
  };
}

function without<T extends object, K extends keyof T>(whole: T, key: K): Omit<T, K> {
  const { [key]: _, ...rest } = whole;
  return rest;
}
