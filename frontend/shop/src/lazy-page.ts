/**
 * Pages that are loaded when they are asked for, also across a deploy.
 *
 * After one, the files that an open tab knows may be gone. Then the page is loaded anew, once: that names the new files.
 * If it does not help, the error goes on to the boundary of app.tsx, which says so in words.
 */

import { type ComponentType, lazy } from "react";

const RELOADED = "reloaded-at";
const ONCE_IN_MS = 30_000;

/** The file of a page cannot be had. */
export class PageGone extends Error {}

/** As React's `lazy`, for a named export of a page's file. */
export function lazyPage<P extends object>(load: () => Promise<ComponentType<P>>) {
  return lazy(async () => ({ default: await load().catch(afterDeploy) }));
}

async function afterDeploy(cause: unknown): Promise<never> {
  if (navigator.onLine === false || !mayReload()) throw new PageGone("A page's file cannot be loaded.", { cause });
  location.reload();
  return new Promise(() => {}); // until the reload has begun, nothing else is to be shown
}

/** Whether a reload has not been tried just now. Where that cannot be remembered, it is not tried. */
function mayReload(): boolean {
  try {
    if (Date.now() - Number(sessionStorage.getItem(RELOADED) ?? 0) < ONCE_IN_MS) return false;
    sessionStorage.setItem(RELOADED, String(Date.now()));
    return true;
  } catch {
    return false;
  }
}
