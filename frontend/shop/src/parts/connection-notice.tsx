/** Says that the network is gone, or that the shop is slow to answer: a page that only waits looks broken. */

import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState, useSyncExternalStore } from "react";
import { t } from "../i18n";

const SLOW_MS = 6_000;
const LOOK_MS = 1_000;

export function ConnectionNotice() {
  const online = useSyncExternalStore(subscribe, () => navigator.onLine !== false);
  const slow = useSlow();
  const text = !online
    ? t("You are offline. What you see may be out of date; we go on as soon as you are back.")
    : slow
      ? t("The shop is slow to answer. We keep trying.")
      : "";
  return (
    <div className="connection" role="status" data-shown={text !== ""}>
      {text}
    </div>
  );
}

function subscribe(changed: () => void): () => void {
  addEventListener("online", changed);
  addEventListener("offline", changed);
  return () => {
    removeEventListener("online", changed);
    removeEventListener("offline", changed);
  };
}

/** Whether something that a page waits for has not come in a while. */
function useSlow(): boolean {
  const client = useQueryClient();
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    let waitedMs = 0;
    const timer = setInterval(() => {
      const waiting = client.getQueryCache().findAll({
        predicate: ({ state }) => state.data === undefined && state.fetchStatus === "fetching",
      });
      waitedMs = waiting.length ? waitedMs + LOOK_MS : 0;
      setSlow(waitedMs >= SLOW_MS);
    }, LOOK_MS);
    return () => clearInterval(timer);
  }, [client]);
  return slow;
}
