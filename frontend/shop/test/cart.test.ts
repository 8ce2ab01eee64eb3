// @vitest-environment happy-dom
import { QueryObserver } from "@tanstack/react-query";
import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { addToCart, cartQuery, placeOrder, putWish, queries, refresh, removeLine, wishlist } from "../src/api";

const network = setupServer();
const pieces = new Map<string, number>();
let posts = 0;

const cart = () => ({
  id: "c",
  token: "guest",
  items: [...pieces].map(([variantId, quantity]) => ({ id: `line-${variantId}`, variantId, quantity })),
});

beforeAll(() => network.listen({ onUnhandledRequest: "error" }));
afterAll(() => network.close());
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"], shouldAdvanceTime: true, advanceTimeDelta: 200 });
  pieces.clear();
  posts = 0;
  queries.clear();
  network.resetHandlers(http.get("*/api/cart", () => HttpResponse.json(cart())));
});
afterEach(() => vi.useRealTimers());

/** How adding goes: what of the call runs, and what comes back of it. */
function adding(...outcomes: ("ok" | "ran, answer lost" | "never arrived" | "refused")[]) {
  network.use(
    http.post("*/api/cart/items", async ({ request }) => {
      const outcome = outcomes[posts++] ?? "ok";
      const { variantId, quantity } = (await request.json()) as { variantId: string; quantity: number };
      if (outcome === "refused") return HttpResponse.json({ code: "out_of_stock", status: 409 }, { status: 409 });
      if (outcome !== "never arrived") pieces.set(variantId, (pieces.get(variantId) ?? 0) + quantity);
      return outcome === "ok" ? HttpResponse.json(cart()) : HttpResponse.error();
    }),
  );
}

it("adds once, also if the answer is lost", async () => {
  adding("ran, answer lost");
  expect((await addToCart("v", 1)).items).toMatchObject([{ variantId: "v", quantity: 1 }]);
  expect(posts).toBe(1);
});

it("tries again when the call did not arrive", async () => {
  pieces.set("v", 2);
  adding("never arrived", "never arrived", "ok");
  expect((await addToCart("v", 1)).items).toMatchObject([{ variantId: "v", quantity: 3 }]);
  expect(posts).toBe(3);
});

it("does not repeat what the shop has refused", async () => {
  adding("refused");
  await expect(addToCart("v", 1)).rejects.toMatchObject({ code: "out_of_stock" });
  expect(posts).toBe(1);
});

it("takes a line that is gone already for removed", async () => {
  pieces.set("other", 1);
  network.use(http.delete("*/api/cart/items/:id", () => HttpResponse.json({ status: 404 }, { status: 404 })));
  expect((await removeLine("line-v")).items).toHaveLength(1);
});

/** A first answer that was given before a change and arrives after it. */
function answeredEarly(path: string, answer: () => object) {
  let deliver = () => {};
  const delivered = new Promise<void>((done) => {
    deliver = done;
  });
  let first = true;
  network.use(
    http.get(path, async () => {
      const said = answer();
      if (first) {
        first = false;
        await delivered;
      }
      return HttpResponse.json(said);
    }),
  );
  return deliver;
}

it("does not let an older answer hide what was added", async () => {
  adding("ok");
  const deliver = answeredEarly("*/api/cart", cart);
  const seen = new QueryObserver(queries, cartQuery());
  const stop = seen.subscribe(() => {});
  await vi.advanceTimersByTimeAsync(200);
  await addToCart("v", 1);
  deliver();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(seen.getCurrentResult().data?.items).toMatchObject([{ variantId: "v", quantity: 1 }]);
  stop();
});

it("does not add twice because an older answer knows nothing of it", async () => {
  adding("ran, answer lost");
  const deliver = answeredEarly("*/api/cart", cart);
  const stop = new QueryObserver(queries, cartQuery()).subscribe(() => {});
  await vi.advanceTimersByTimeAsync(200);
  const added = addToCart("v", 1);
  await vi.advanceTimersByTimeAsync(3_000);
  deliver();
  expect((await added).items).toMatchObject([{ variantId: "v", quantity: 1 }]);
  expect(posts).toBe(1);
  stop();
});

it("asks for the wishlist anew, though its first answer is still under way", async () => {
  const wished: { product: { id: string } }[] = [];
  network.use(
    http.put("*/api/wishlist/:id", ({ params }) => {
      wished.push({ product: { id: `${params.id}` } });
      return new HttpResponse(null, { status: 204 });
    }),
  );
  const deliver = answeredEarly("*/api/wishlist", () => ({ items: [...wished] }));
  const seen = new QueryObserver(queries, wishlist());
  const stop = seen.subscribe(() => {});
  await vi.advanceTimersByTimeAsync(200);
  await putWish("p");
  const settled = refresh(wishlist().queryKey);
  deliver();
  await settled;
  await vi.waitFor(() => expect(seen.getCurrentResult().data?.items).toMatchObject([{ product: { id: "p" } }]));
  stop();
});

it("repeats an order with the same key until it is answered", async () => {
  const keys: (string | null)[] = [];
  network.use(
    http.post("*/api/orders", ({ request }) => {
      keys.push(request.headers.get("Idempotency-Key"));
      if (keys.length === 1) return HttpResponse.error();
      if (keys.length === 2) return HttpResponse.json({ code: "idempotency_key_in_use" }, { status: 409 });
      return HttpResponse.json({ id: "o" }, { status: 201 });
    }),
  );
  const order = await placeOrder({ paymentMethod: "cod", email: "a@example.com" }, "one key");
  expect(order.id).toBe("o");
  expect(keys).toEqual(["one key", "one key", "one key"]);
});
