/** What the shop learns of a visit: pages, searches and carts, without a word about who it is. */

import { shop } from "./shop";

interface Seen {
  type: "view" | "search" | "add_to_cart" | "checkout_started";
  productId?: string;
  query?: string;
  results?: number;
}

const MAX_EVENTS = 50; // of one batch, by the API's contract
const WAIT_MS = 5_000;
const waiting: (Seen & { id: string; at: string; sessionKey: string })[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;

/** Notes an event; it leaves with the next batch, at the latest when the page is left. */
export function seen(event: Seen): void {
  waiting.push({ id: crypto.randomUUID(), at: new Date().toISOString(), sessionKey: sessionKey(), ...event });
  if (waiting.length >= MAX_EVENTS) flush();
  else timer ??= setTimeout(flush, WAIT_MS);
}

function flush(): void {
  clearTimeout(timer);
  timer = undefined;
  const events = waiting.splice(0, MAX_EVENTS);
  if (!events.length) return;
  // text/plain, as sendBeacon may send nothing else without asking the server first.
  const body = new Blob([JSON.stringify({ events })], { type: "text/plain" });
  if (!navigator.sendBeacon?.("/api/analytics/events", body)) {
    void shop.fetch("/api/analytics/events", { method: "POST", body, keepalive: true }).catch(() => {}); // only figures
  }
}

/** One visit in one tab: random, and gone with the tab. */
function sessionKey(): string {
  try {
    const kept = sessionStorage.getItem("visit") ?? crypto.randomUUID();
    sessionStorage.setItem("visit", kept);
    return kept;
  } catch {
    return fallback;
  }
}

const fallback = crypto.randomUUID();

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") flush();
});
