import type { Order } from "../types";

/** Where an order stands, in a word or two. */
export function orderWords(order: Pick<Order, "status" | "paymentStatus" | "paymentMethod">): string {
  if (order.status === "pending" && order.paymentMethod === "online") {
    return order.paymentStatus === "failed" ? "Payment failed" : "Waiting for payment";
  }
  if (order.status === "cancelled" && order.paymentStatus === "refunded") return "Cancelled, refunded";
  const words: Record<Order["status"], string> = {
    pending: "Placed",
    confirmed: "Confirmed",
    processing: "Being packed",
    shipped: "On its way",
    delivered: "Delivered",
    cancelled: "Cancelled",
    returned: "Returned",
  };
  return words[order.status];
}
