/** The one client of this page, and how React sees whether somebody is signed in. */

import { createShop } from "@markrin/client";
import { useSyncExternalStore } from "react";

export const shop = createShop();

export function useSession() {
  return useSyncExternalStore(shop.auth.subscribe, () => shop.auth.state);
}
