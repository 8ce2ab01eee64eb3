/**
 * What the shop says of itself: its name, money, languages, limits (`GET /api/shop`).
 *
 * The server writes the answer into the page, so it is there before anything is drawn. Where another server gave the
 * page (`npm run dev`), it is asked for. It holds until the page is loaded again.
 */

import type { components } from "@markrin/client";
import { isText, remember, remembered } from "./storage";

export type ShopSettings = components["schemas"]["Shop"];

export let settings: ShopSettings;

export async function loadSettings(): Promise<void> {
  const written = document.getElementById("shop-settings")?.textContent;
  if (written) settings = JSON.parse(written);
  else {
    const answer = await fetch("/api/shop");
    if (!answer.ok) throw new Error(`GET /api/shop answered ${answer.status}`);
    settings = await answer.json();
  }
}

/** The path that all pages begin with: "" in the shop's own language, "/hi" in another. */
export function basePath(): string {
  const first = location.pathname.split("/")[1] ?? "";
  return settings.languages.includes(first) && first !== settings.languages[0] ? `/${first}` : "";
}

/** The address of a page of this shop for the browser itself: `href("/orders")` is "/hi/orders" in Hindi. */
export const href = (path: string) => `${basePath()}${path}`;

/** The page that is shown, as wouter's paths have it: without the language. */
export const pathHere = () => location.pathname.slice(basePath().length) || "/";

const LANGUAGE = "language";

export const keepLanguage = (code: string) => remember("local", LANGUAGE, code);

/**
 * Remembers the language of this address; or, where it names none, returns the address of the same page in the language
 * that is remembered. Mails and payment pages lead back to addresses without one.
 */
export function addressInChosenLanguage(): string | undefined {
  const here = basePath().slice(1);
  if (here) keepLanguage(here);
  const chosen = here || remembered("local", LANGUAGE, isText);
  if (here || !chosen || !settings.languages.slice(1).includes(chosen)) return undefined;
  return `/${chosen}${location.pathname === "/" ? "" : location.pathname}${location.search}${location.hash}`;
}
