/** Every call of this shop: queries for what is shown, plain functions for what changes. */

import { isProblem, type JsonAnswer, type JsonBody, mayRepeat, type paths, unwrap } from "@markrin/client";
import { keepPreviousData, QueryClient, type QueryKey, queryOptions, useQuery } from "@tanstack/react-query";
import { guestWishlist } from "./own-lists";
import { shop, useSession } from "./shop";
import type { Cart, User } from "./types";

// Long enough for the shop's servers to be restarted behind our back.
const TRIES = 9;
const delayMs = (failures: number) => Math.min(500 * 2 ** failures, 4_000);
const pause = (failures: number) => new Promise((done) => setTimeout(done, delayMs(failures)));

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      retry: (failures, error) => failures < TRIES - 1 && mayRepeat(error, "GET"),
      retryDelay: delayMs,
    },
  },
});

// What belongs to one sign-in stands under its id, and goes with it.
shop.auth.subscribe(() => {
  queries.removeQueries({ queryKey: ["own"] });
  void queries.invalidateQueries();
  if (shop.auth.state.signedIn) void takeGuestWishes();
});

const own = (...key: unknown[]) => ["own", shop.auth.state.sessionId, ...key];

/** Keeps what a change was answered. What was asked before it, and is still under way, would overwrite that. */
export function keep<T>(queryKey: QueryKey, data: T): T {
  void queries.cancelQueries({ queryKey });
  queries.setQueryData(queryKey, data);
  return data;
}

/** Asks anew after a change. A first answer that is still under way was given before it, and would be taken for new. */
export async function refresh(queryKey: QueryKey): Promise<void> {
  await queries.cancelQueries({ queryKey });
  await queries.invalidateQueries({ queryKey });
}

/** A list asked for by page, whose numbers the API leaves out only where it is walked by cursor. */
async function paged<T extends Partial<Numbers>>(call: Promise<{ data?: T; error?: unknown; response: Response }>) {
  return (await unwrap(call)) as T & Numbers;
}

interface Numbers {
  page: number;
  pages: number;
  total: number;
}

// --- The catalogue -----------------------------------------------------------------------------------------------------

export type Filters = Record<string, string>;

export const products = (filters: Filters, facets = false) =>
  queryOptions({
    queryKey: ["products", filters, facets],
    queryFn: ({ signal }) => {
      // The address bar holds the filters as the API takes them: strings, several values with commas.
      const query = { ...filters, ...(facets && { facets: "true" }) } as Record<string, never>;
      return paged(shop.GET("/api/products", { params: { query }, querySerializer: asWritten, signal }));
    },
  });

/** What a text that is still being typed may become. */
export const suggestions = (q: string) =>
  queryOptions({
    queryKey: ["suggestions", q],
    queryFn: ({ signal }) => unwrap(shop.GET("/api/search/suggestions", { params: { query: { q } }, signal })),
  });

const asWritten = (given: Record<string, unknown>) => new URLSearchParams(given as Filters).toString();

export const product = (key: string) =>
  queryOptions({
    queryKey: ["product", key],
    queryFn: () => unwrap(shop.GET("/api/products/{key}", { params: { path: { key } } })),
  });

export const related = (key: string) =>
  queryOptions({
    queryKey: ["related", key],
    queryFn: () => unwrap(shop.GET("/api/products/{key}/related", { params: { path: { key } } })),
  });

export type ReviewSort = "newest" | "oldest" | "rating_desc" | "rating_asc";

export const reviews = (id: string, wish: { page: number; sort: ReviewSort; rating?: number }) =>
  queryOptions({
    queryKey: ["reviews", id, wish],
    placeholderData: keepPreviousData,
    queryFn: () =>
      paged(
        shop.GET("/api/products/{product_id}/reviews", {
          params: { path: { product_id: id }, query: { ...wish, limit: 5 } },
        }),
      ),
  });

/** Products by their ids, in this order; those that are not in the shop any more are left out. */
export const productsByIds = (ids: readonly string[]) =>
  queryOptions({
    queryKey: ["products-by-ids", ids],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => {
      const query = { ids: ids.join(",") } as object;
      return unwrap(shop.GET("/api/products", { params: { query }, querySerializer: asWritten, signal }));
    },
  });

export const staffPage = (slug: string) =>
  queryOptions({
    queryKey: ["page", slug],
    staleTime: 300_000,
    queryFn: () => unwrap(shop.GET("/api/pages/{slug}", { params: { path: { slug } } })),
  });

export const colors = queryOptions({
  queryKey: ["colors"],
  staleTime: 300_000,
  queryFn: () => unwrap(shop.GET("/api/colors")),
});

export const categories = queryOptions({
  queryKey: ["categories"],
  staleTime: 300_000,
  queryFn: () => unwrap(shop.GET("/api/categories")),
});

export const collections = queryOptions({
  queryKey: ["collections"],
  staleTime: 300_000,
  queryFn: () => unwrap(shop.GET("/api/collections")),
});

export const collection = (slug: string) =>
  queryOptions({
    queryKey: ["collection", slug],
    staleTime: 300_000,
    queryFn: () => unwrap(shop.GET("/api/collections/{key}", { params: { path: { key: slug } } })),
  });

export const featured = queryOptions({
  queryKey: ["featured"],
  queryFn: () => unwrap(shop.GET("/api/products/featured")),
});

export const newArrivals = queryOptions({
  queryKey: ["new-arrivals"],
  queryFn: () => unwrap(shop.GET("/api/products/new-arrivals")),
});

export const addReview = (id: string, body: JsonBody<"/api/products/{product_id}/reviews", "post">) =>
  unwrap(shop.POST("/api/products/{product_id}/reviews", { params: { path: { product_id: id } }, body }));

export const tellWhenBack = (id: string, variantId: string, email: string | undefined) =>
  unwrap(
    shop.POST("/api/products/{product_id}/variants/{variant_id}/notify", {
      params: { path: { product_id: id, variant_id: variantId } },
      body: email ? { email } : {},
    }),
  );

/** What the server has written into the page: the answers that its queries would ask for. */
export interface PageData {
  categories?: JsonAnswer<"/api/categories", "get">;
  collections?: JsonAnswer<"/api/collections", "get">;
  collection?: JsonAnswer<"/api/collections/{key}", "get">;
  featured?: JsonAnswer<"/api/products/featured", "get">;
  newArrivals?: JsonAnswer<"/api/products/new-arrivals", "get">;
  product?: JsonAnswer<"/api/products/{key}", "get">;
  products?: { query: Filters; answer: JsonAnswer<"/api/products", "get"> };
  page?: JsonAnswer<"/api/pages/{slug}", "get">;
}

/** Has the queries of the first page answered before they are asked. */
export function takePageData({ product: shown, products: listed, page, ...lists }: PageData): void {
  if (lists.collections) queries.setQueryData(collections.queryKey, lists.collections);
  if (lists.collection) queries.setQueryData(collection(lists.collection.slug).queryKey, lists.collection);
  if (lists.categories) queries.setQueryData(categories.queryKey, lists.categories);
  if (lists.featured) queries.setQueryData(featured.queryKey, lists.featured);
  if (lists.newArrivals) queries.setQueryData(newArrivals.queryKey, lists.newArrivals);
  if (shown) queries.setQueryData(product(shown.slug).queryKey, shown);
  if (listed) queries.setQueryData(products(listed.query, true).queryKey, listed.answer as never);
  if (page) queries.setQueryData(staffPage(page.slug).queryKey, page);
}

// --- The cart ------------------------------------------------------------------------------------------------------------

export const cartQuery = () =>
  queryOptions({ queryKey: own("cart"), queryFn: () => unwrap(shop.GET("/api/cart")) as Promise<Cart> });

/** Where goods go, as far as it is known. */
export interface Place {
  country: NonNullable<CartWish["country"]>;
  state?: string;
  postalCode?: string;
}

type CartWish = NonNullable<paths["/api/cart"]["get"]["parameters"]["query"]>;

/** The cart quoted for a place, a method and a way of paying; what was quoted before is shown meanwhile. */
export const quotedCart = (wish: CartWish) =>
  queryOptions({
    queryKey: own("cart", "quoted", wish),
    placeholderData: keepPreviousData,
    queryFn: () => unwrap(shop.GET("/api/cart", { params: { query: wish } })) as Promise<Cart>,
  });

export const shippingOptions = (place: Place) =>
  queryOptions({
    queryKey: own("cart", "shipping", place),
    queryFn: () => unwrap(shop.GET("/api/shipping/options", { params: { query: place } })),
  });

export const productDelivery = (id: string, place: Place) =>
  queryOptions({
    queryKey: ["delivery", id, place],
    queryFn: () =>
      unwrap(shop.GET("/api/products/{product_id}/delivery", { params: { path: { product_id: id }, query: place } })),
  });

export function useCart() {
  useSession(); // another sign-in has another cart
  return useQuery(cartQuery());
}

export function keepCart(cart: Cart): Cart {
  keep(cartQuery().queryKey, cart); // first: it stops whatever is asked about the cart, its quotes too
  // What it costs to send depends on what is in it.
  for (const part of ["quoted", "shipping"]) void queries.invalidateQueries({ queryKey: own("cart", part) });
  return cart;
}

/** Asks what is in the cart by now, whatever is under way. */
async function askCart(): Promise<Cart> {
  await queries.cancelQueries({ queryKey: cartQuery().queryKey });
  return keepCart(await queries.fetchQuery({ ...cartQuery(), staleTime: 0 }));
}

/** Pieces of a variant in the cart. */
function pieces(cart: Cart | undefined, variantId: string): number {
  return cart?.items.find((item) => item.variantId === variantId)?.quantity ?? 0;
}

/**
 * Adds to the cart, once. A POST whose answer was lost may have run, so the cart itself is asked before another try.
 */
export async function addToCart(variantId: string, quantity: number): Promise<Cart> {
  const before = pieces(queries.getQueryData(cartQuery().queryKey) ?? (await unwrap(shop.GET("/api/cart"))), variantId);
  for (let tries = 1; ; tries++) {
    try {
      return keepCart(await unwrap(shop.POST("/api/cart/items", { body: { variantId, quantity } })));
    } catch (error) {
      if (tries === TRIES || !mayRepeat(error, "GET")) throw error;
      await pause(tries);
      const now = await askCart();
      if (pieces(now, variantId) > before) return now;
    }
  }
}

/** Sets a line's quantity, or its variant; saying it twice is the same as once. */
export function changeLine(id: string, body: JsonBody<"/api/cart/items/{line_id}", "patch">): Promise<Cart> {
  return again(() => unwrap(shop.PATCH("/api/cart/items/{line_id}", { params: { path: { line_id: id } }, body }))).then(
    keepCart,
  );
}

/** Removes a line. A repetition may find it gone already, which is what was wanted. */
export async function removeLine(id: string): Promise<Cart> {
  try {
    return keepCart(
      await again(() => unwrap(shop.DELETE("/api/cart/items/{line_id}", { params: { path: { line_id: id } } }))),
    );
  } catch (error) {
    if (isProblem(error) && error.status === 404) return askCart();
    throw error;
  }
}

export const putCoupons = (codes: string[]) =>
  again(() => unwrap(shop.PUT("/api/cart/coupons", { body: { codes } }))).then(keepCart);

/** Adds a gift card. Saying it twice is the same as once. */
export const addGiftCard = (code: string) =>
  again(() => unwrap(shop.POST("/api/cart/gift-cards", { body: { code } }))).then(keepCart);

export const removeGiftCard = (id: string) =>
  unwrap(shop.DELETE("/api/cart/gift-cards/{card_id}", { params: { path: { card_id: id } } })).then(keepCart);

export const spendStoreCredit = (use: boolean) =>
  again(() => unwrap(shop.PUT("/api/cart/store-credit", { body: { use } }))).then(keepCart);

export const giftCardBalance = (code: string) => unwrap(shop.POST("/api/gift-cards/balance", { body: { code } }));

export const storeCredit = () =>
  queryOptions({ queryKey: own("store-credit"), queryFn: () => unwrap(shop.GET("/api/store-credit")) });

/** Repeats what may be said twice while the shop does not answer. */
async function again<T>(call: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await call();
    } catch (error) {
      if (tries === TRIES || !mayRepeat(error, "PUT")) throw error;
      await pause(tries);
    }
  }
}

// --- Orders ----------------------------------------------------------------------------------------------------------------

export type Placing = JsonBody<"/api/orders", "post">;

/** Places the order. With the same key it may be repeated: the server answers with the first one. */
export async function placeOrder(body: Placing, key: string) {
  for (let tries = 1; ; tries++) {
    try {
      return await unwrap(shop.POST("/api/orders", { params: { header: { "Idempotency-Key": key } }, body }));
    } catch (error) {
      if (tries === TRIES || !(mayRepeat(error, "POST", key) || isProblem(error, "idempotency_key_in_use")))
        throw error;
      await pause(tries);
    }
  }
}

export const orders = (page: number) =>
  queryOptions({
    queryKey: own("orders", page),
    queryFn: () => paged(shop.GET("/api/orders", { params: { query: { page, limit: 10 } } })),
  });

export const order = (id: string) =>
  queryOptions({
    queryKey: own("order", id),
    queryFn: () => unwrap(shop.GET("/api/orders/{order_id}", { params: { path: { order_id: id } } })),
  });

export const lookUpOrder = (body: JsonBody<"/api/orders/lookup", "post">) =>
  unwrap(shop.POST("/api/orders/lookup", { body }));

/** Puts what was ordered into the cart, and answers what could not be had. */
export async function reorder(id: string) {
  const answer = await unwrap(shop.POST("/api/orders/{order_id}/reorder", { params: { path: { order_id: id } } }));
  keepCart(answer.cart as Cart);
  return answer.notAdded;
}

const keyed = (order_id: string, key: string) => ({ path: { order_id }, header: { "Idempotency-Key": key } });

export const requestReturn = (id: string, body: JsonBody<"/api/orders/{order_id}/returns", "post">, key: string) =>
  unwrap(shop.POST("/api/orders/{order_id}/returns", { params: keyed(id, key), body }));

export const withdraw = (id: string, body: JsonBody<"/api/orders/{order_id}/withdrawal", "post">, key: string) =>
  unwrap(shop.POST("/api/orders/{order_id}/withdrawal", { params: keyed(id, key), body }));

export const cancelReturn = (id: string, returnId: string) =>
  unwrap(
    shop.POST("/api/orders/{order_id}/returns/{return_id}/cancel", {
      params: { path: { order_id: id, return_id: returnId } },
    }),
  );

export async function returnLabel(id: string, returnId: string): Promise<Blob> {
  const params = { path: { order_id: id, return_id: returnId } };
  const call = shop.GET("/api/orders/{order_id}/returns/{return_id}/label", { params, parseAs: "blob" });
  return (await unwrap(call)) as Blob;
}

export const cancelOrder = (id: string) =>
  unwrap(shop.POST("/api/orders/{order_id}/cancel", { params: { path: { order_id: id } }, body: {} }));

export const startPayment = (id: string, key: string) =>
  unwrap(
    shop.POST("/api/orders/{order_id}/payments", {
      params: { path: { order_id: id }, header: { "Idempotency-Key": key } },
    }),
  );

export const invoices = (orderId: string) =>
  queryOptions({
    queryKey: own("invoices", orderId),
    queryFn: async () => {
      const path = { order_id: orderId };
      return (await unwrap(shop.GET("/api/orders/{order_id}/invoices", { params: { path } }))).invoices;
    },
  });

export async function downloadInvoice(orderId: string, invoiceId: string): Promise<Blob> {
  const call = shop.GET("/api/orders/{order_id}/invoices/{invoice_id}", {
    params: { path: { order_id: orderId, invoice_id: invoiceId } },
    parseAs: "blob",
  });
  return (await unwrap(call)) as Blob;
}

// --- The account -----------------------------------------------------------------------------------------------------------

export const profile = () =>
  queryOptions({ queryKey: own("profile"), queryFn: () => unwrap(shop.GET("/api/auth/profile")) as Promise<User> });

export const saveProfile = (body: JsonBody<"/api/auth/profile", "patch">) =>
  unwrap(shop.PATCH("/api/auth/profile", { body }));

export const addresses = () =>
  queryOptions({ queryKey: own("addresses"), queryFn: () => unwrap(shop.GET("/api/addresses")) });

export type AddressBody = JsonBody<"/api/addresses", "post">;

export const addAddress = (body: AddressBody) => unwrap(shop.POST("/api/addresses", { body }));

export const changeAddress = (id: string, body: JsonBody<"/api/addresses/{address_id}", "patch">) =>
  again(() => unwrap(shop.PATCH("/api/addresses/{address_id}", { params: { path: { address_id: id } }, body })));

export const removeAddress = (id: string) =>
  unwrap(shop.DELETE("/api/addresses/{address_id}", { params: { path: { address_id: id } } }));

export const sessions = () =>
  queryOptions({ queryKey: own("sessions"), queryFn: () => unwrap(shop.GET("/api/auth/sessions")) });

export const endSession = (id: string) =>
  unwrap(shop.DELETE("/api/auth/sessions/{session_id}", { params: { path: { session_id: id } } }));

export const reauthenticate = (password: string) =>
  unwrap(shop.POST("/api/auth/reauthenticate", { body: { password } }));

export const wishlist = () =>
  queryOptions({ queryKey: own("wishlist"), queryFn: () => unwrap(shop.GET("/api/wishlist")) });

export const putWish = (productId: string) =>
  again(() => unwrap(shop.PUT("/api/wishlist/{product_id}", { params: { path: { product_id: productId } } })));

export const removeWish = (productId: string) =>
  again(() => unwrap(shop.DELETE("/api/wishlist/{product_id}", { params: { path: { product_id: productId } } })));

/** Puts what a guest has wished for onto the list of the account; a product that is gone is not missed. */
async function takeGuestWishes(): Promise<void> {
  for (const id of [...guestWishlist.ids()].reverse()) {
    try {
      await putWish(id);
    } catch (error) {
      if (!isProblem(error) || error.status !== 404) return; // the rest stays here for the next time
    }
    guestWishlist.remove(id);
  }
  await refresh(wishlist().queryKey);
}

export const exportAccount = () => unwrap(shop.GET("/api/auth/export"));

export const eraseAccount = () => unwrap(shop.POST("/api/auth/erase"));

export const forgotPassword = (email: string) => unwrap(shop.POST("/api/auth/password/forgot", { body: { email } }));

export const resetPassword = (token: string, newPassword: string) =>
  unwrap(shop.POST("/api/auth/password/reset", { body: { token, newPassword } }));

export const verifyEmail = (token: string) => unwrap(shop.POST("/api/auth/email/verify", { body: { token } }));

export const resendVerification = () => unwrap(shop.POST("/api/auth/email/verify/resend", { body: {} }));
