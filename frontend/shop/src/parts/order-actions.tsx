/** What a shopper may still do with an order. */

import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { cancelOrder, keep, order as orderQuery, reorder } from "../api";
import { said } from "../errors";
import { t, tn } from "../i18n";
import type { Order } from "../types";
import { useCartDrawer } from "./cart-drawer";
import { Dialog } from "./dialog";
import { Notice } from "./notice";
import { useToast } from "./toast";

const CANCELLABLE = new Set<string>(["pending", "confirmed", "processing"]);

export function CancelOrder({ order }: { order: Order }) {
  const [asking, setAsking] = useState(false);
  const cancel = useMutation({
    mutationFn: () => cancelOrder(order.id),
    onSuccess: (now) => keep(orderQuery(order.id).queryKey, now),
    onSettled: () => setAsking(false),
  });
  if (!CANCELLABLE.has(order.status)) return null;
  return (
    <>
      {cancel.error && <Notice kind="bad">{said(cancel.error)}</Notice>}
      <button type="button" className="button button-quiet" onClick={() => setAsking(true)}>
        {t("Cancel this order")}
      </button>
      <Dialog open={asking} onClose={() => setAsking(false)} title={t("Cancel this order?")}>
        <p>{t("What you have paid goes back to you. This cannot be undone.")}</p>
        <p className="actions">
          <button type="button" className="button" disabled={cancel.isPending} onClick={() => cancel.mutate()}>
            {t("Yes, cancel it")}
          </button>
          <button type="button" className="button button-quiet" onClick={() => setAsking(false)}>
            {t("Keep it")}
          </button>
        </p>
      </Dialog>
    </>
  );
}

/** Puts everything of an order that can still be had into the bag, and says what cannot. */
export function Reorder({ order }: { order: Order }) {
  const tell = useToast();
  const { setOpen } = useCartDrawer();
  const again = useMutation({
    mutationFn: () => reorder(order.id),
    onSuccess: (notAdded) => {
      const missing = notAdded.reduce((sum, { wanted, added }) => sum + wanted - added, 0);
      setOpen(notAdded.length < order.items.length || notAdded.some(({ added }) => added));
      if (missing) tell(tn(missing, "{count} piece cannot be had any more.", "{count} pieces cannot be had any more."));
    },
    onError: (error) => tell(said(error)),
  });
  return (
    <button type="button" className="button button-quiet" disabled={again.isPending} onClick={() => again.mutate()}>
      {t("Buy it again")}
    </button>
  );
}
