/**
 * The tokens of the links in mails about orders: each opens one order for whoever has the mail. The link has it behind
 * the #, where no server sees it; here it is kept, and sent with each call about that order.
 */

import { shop } from "./shop";
import { isTextByName, remember, remembered } from "./storage";

const KEY = "order-keys";
const MAX_KEPT = 20; // the newest
const ABOUT_AN_ORDER = /\/api\/orders\/([0-9a-f-]{36})(\/|$)/;

const readKeys = (): Record<string, string> => remembered("local", KEY, isTextByName) ?? {};

/** Keeps the token that opens an order. */
export function keepOrderKey(id: string, token: string): void {
  const { [id]: _, ...others } = readKeys();
  remember("local", KEY, Object.fromEntries([...Object.entries(others), [id, token]].slice(-MAX_KEPT)));
}

/** Takes the token out of the address of an order's page, where a mail's link has put it. */
export function takeOrderKey(id: string): void {
  const token = new URLSearchParams(location.hash.slice(1)).get("key");
  if (!token) return;
  keepOrderKey(id, token);
  history.replaceState(history.state, "", location.pathname + location.search);
}

/** Has the calls about an order carry its token. */
export function sendOrderKeys(): void {
  shop.use({
    onRequest({ request }) {
      const id = ABOUT_AN_ORDER.exec(new URL(request.url).pathname)?.[1];
      const token = id && readKeys()[id];
      if (token) request.headers.set("X-Order-Token", token);
    },
  });
}
