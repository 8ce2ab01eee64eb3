import { describe, expect, it } from "vitest";
import { money, percentOff } from "../src/format";
import { tn } from "../src/i18n";
import { nextWords, orderWords, parcelWords } from "../src/parts/order-words";
import { fitWords, sizeFor } from "../src/parts/size-help";
import type { SizeChart } from "../src/types";

const cell = (min: number, max: number) => ({
  cm: { min: min.toFixed(1), max: max.toFixed(1) },
  inches: { min: (min / 2.54).toFixed(1), max: (max / 2.54).toFixed(1) },
});
const chart: SizeChart = {
  id: "c",
  title: "Shirts",
  note: "",
  category: { id: "k", slug: "shirts", name: "Shirts" },
  measures: ["Chest", "Waist"],
  rows: [
    { size: "S", values: [cell(86, 91), { cm: null, inches: null }] },
    { size: "M", values: [cell(92, 98), cell(76, 82)] },
    { size: "L", values: [cell(99, 106), cell(83, 90)] },
  ],
};

describe("the size hint", () => {
  it.each([
    [86, "S"],
    [91, "S"],
    [91.5, "M"], // between two sizes: the larger one
    [98, "M"],
    [106, "L"],
    [84, "S"], // a little below the smallest
    [70, undefined],
    [120, undefined],
  ])("takes a chest of %d cm for %s", (measure, size) => {
    expect(sizeFor(chart, 0, measure, "cm")).toBe(size);
  });

  it("reads inches as inches, and passes over sizes without that measure", () => {
    expect(sizeFor(chart, 0, 37, "inches")).toBe("M");
    expect(sizeFor(chart, 1, 80, "cm")).toBe("M");
  });

  it.each([
    [{ small: 1, true: 1, large: 0 }, undefined], // too few to say anything
    [{ small: 5, true: 2, large: 1 }, "Runs small, say 5 of 8 buyers: take one size up."],
    [{ small: 0, true: 1, large: 3 }, "Runs large, say 3 of 4 buyers: take one size down."],
    [{ small: 1, true: 4, large: 1 }, "True to size, say 4 of 6 buyers."],
  ])("says of %o: %s", (fit, words) => {
    expect(fitWords(fit)).toBe(words);
  });
});

it("writes money in its currency, without empty hundredths", () => {
  expect(money("1299.00", "INR")).toBe("₹1,299");
  expect(money("123456.50", "INR")).toBe("₹1,23,456.50");
  expect(money("0.05", "INR")).toBe("₹0.05");
});

it("counts and compares in words", () => {
  expect(tn(1, "{count} piece", "{count} pieces")).toBe("1 piece");
  expect(tn(1200, "{count} piece", "{count} pieces")).toBe("1,200 pieces");
  expect(percentOff("2199.00", "1320.00")).toBe(40);
});

it("tells what an order waits for", () => {
  const online = { paymentMethod: "online", status: "pending" } as const;
  expect(orderWords({ ...online, paymentStatus: "unpaid" })).toBe("Waiting for payment");
  expect(orderWords({ ...online, paymentStatus: "failed" })).toBe("Payment failed");
  expect(orderWords({ paymentMethod: "cod", status: "pending", paymentStatus: "unpaid" })).toBe("Placed");
  expect(orderWords({ ...online, status: "cancelled", paymentStatus: "refunded" })).toBe("Cancelled, refunded");
});

it.each([
  ["shipped", "It left on 3 Nov 2026."],
  ["delivered", "It arrived on 5 Nov 2026."],
  ["undelivered", "It could not be delivered. If you still want it, write to us."],
  ["returned", "It has come back to us."],
  ["lost", "It was lost on its way. We will write to you."],
])("tells what became of a parcel that is %s", (status, words) => {
  const deliveredAt = status === "delivered" ? "2026-11-05T09:00:00Z" : null;
  const parcel = { status, deliveredAt, shippedAt: "2026-11-03T09:00:00Z" } as Parameters<typeof parcelWords>[0];
  expect(parcelWords(parcel)).toBe(words);
});

it("says that money went back once it has", () => {
  type Shown = Parameters<typeof nextWords>[0];
  const words = (paymentStatus: Shown["paymentStatus"]) => {
    const order: Partial<Shown> = { status: "returned", fulfilments: [], refunded: "999.00", currency: "INR" };
    return nextWords({ ...order, paymentStatus } as Shown);
  };
  expect(words("paid")).toBe("₹999 goes back to you. We write to you when it is on its way.");
  expect(words("refunded")).toMatch("₹999 went back to you");
});
