import { day, money } from "../format";
import { t } from "../i18n";
import type { Order } from "../types";

type Stand = Pick<Order, "status" | "paymentStatus" | "paymentMethod"> & Partial<Pick<Order, "exchangeOf">>;

/** Whether the shopper still has to pay at a payment page. */
export function isUnpaid(order: Stand): boolean {
  // Pieces that come back pay an exchange first; what it costs more is owed once they are here.
  if (order.exchangeOf && order.paymentStatus !== "partially_paid") return false;
  const ahead = ["pending", "confirmed", "processing"].includes(order.status);
  return (
    order.paymentMethod === "online" && ahead && ["unpaid", "failed", "partially_paid"].includes(order.paymentStatus)
  );
}

/** How many pieces of a line are sold before they are there. */
export function backOrderText({ onBackOrder, quantity }: { onBackOrder: number; quantity: number }): string {
  return t("{count} of {all} on back order: sent as soon as they come in.", { count: onBackOrder, all: quantity });
}

/** Where an order stands, in a word or two. */
export function orderWords(order: Stand): string {
  if (isUnpaid(order)) {
    if (order.paymentStatus === "partially_paid") return t("The rest is to be paid");
    return order.paymentStatus === "failed" ? t("Payment failed") : t("Waiting for payment");
  }
  if (order.status === "cancelled" && order.paymentStatus === "refunded") return t("Cancelled, refunded");
  const words: Record<string, string> = {
    pending: t("Placed"),
    confirmed: t("Confirmed"),
    processing: t("Being packed"),
    partially_shipped: t("Partly on its way"),
    shipped: t("On its way"),
    delivered: t("Delivered"),
    undelivered: t("Could not be delivered"),
    cancelled: t("Cancelled"),
    returned: t("Returned"),
  };
  return words[order.status] ?? order.status;
}

/** What happens next, or what there is left to do. */
export function nextWords(order: Order): string {
  if (isUnpaid(order)) return t("We begin as soon as it is paid.");
  const words: Record<string, string> = {
    pending: order.exchangeOf
      ? t("It is reserved for you, and leaves once what you send back is here.")
      : t("We look at it and confirm it shortly."),
    confirmed: t("We are getting it ready, and write to you when it leaves."),
    processing: t("It is being packed, and we write to you when it leaves."),
    partially_shipped: cameBack(order)
      ? t("A parcel could not be delivered; the rest follows.")
      : t("A first parcel has left; the rest follows."),
    shipped: t("The parcel has left our house."),
    delivered: order.deliveredAt ? t("It arrived on {day}.", { day: day(order.deliveredAt) }) : "",
    undelivered: t("The parcel is on its way back to us. We will write to you."),
    cancelled: isRefunded(order) ? refundWords(order) : t("Nothing will be sent, and nothing is owed."),
    returned: isRefunded(order) ? refundWords(order) : t("Everything has come back to us."),
  };
  return words[order.status] ?? "";
}

const cameBack = (order: Order) => order.fulfilments.some(({ status }) => (status as string) === "undelivered");

/** What became of a parcel that has left. */
export function parcelWords({ status, shippedAt, deliveredAt }: Order["fulfilments"][number]): string {
  const words: Record<string, string> = {
    delivered: deliveredAt ? t("It arrived on {day}.", { day: day(deliveredAt) }) : t("It has arrived."),
    undelivered: t("It could not be delivered. If you still want it, write to us."),
    returned: t("It has come back to us."),
    lost: t("It was lost on its way. We will write to you."),
  };
  return words[status] ?? (shippedAt ? t("It left on {day}.", { day: day(shippedAt) }) : "");
}

const isRefunded = (order: Order) => Number(order.refunded) > 0;

/** What is asked for is not paid out yet: cash waits for a person, a card for its provider. */
const refundWords = (order: Order) => {
  const amount = money(order.refunded, order.currency);
  return ["refunded", "partially_refunded"].includes(order.paymentStatus as string)
    ? t("{amount} went back to you, the way that you paid. It may take a few days to arrive.", { amount })
    : t("{amount} goes back to you. We write to you when it is on its way.", { amount });
};

/** How the money of an order stands. */
export function paymentWords(order: Stand): string {
  if (order.exchangeOf) return t("In exchange for what you send back ({number})", { number: order.exchangeOf.number });
  const method = order.paymentMethod === "cod" ? t("Cash on delivery") : t("Online payment");
  const words: Record<string, string> = {
    unpaid: order.paymentMethod === "cod" ? t("due at the door") : t("not paid yet"),
    paid: t("paid"),
    partially_paid: t("partly paid"),
    failed: t("failed"),
    refunded: t("refunded"),
    partially_refunded: t("partly refunded"),
  };
  return `${method} · ${words[order.paymentStatus] ?? order.paymentStatus}`;
}
