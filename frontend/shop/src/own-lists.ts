/** Lists of products that this browser keeps: what was looked at, and what a guest wishes for. */

import { useSyncExternalStore } from "react";
import { isListOfText, remember, remembered } from "./storage";

const MAX_PRODUCTS = 100; // that GET /api/products?ids= answers

class ProductList {
  readonly #listeners = new Set<() => void>();
  #ids: readonly string[];

  constructor(
    private readonly key: string,
    private readonly max: number,
  ) {
    this.#ids = this.#read();
    // Another tab may change it, too.
    addEventListener("storage", (event) => event.key === key && this.#tell(this.#read()));
  }

  readonly subscribe = (listener: () => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly ids = () => this.#ids;

  /** Puts a product first; the oldest one beyond the list's length goes. */
  add(id: string): void {
    this.#keep([id, ...this.#ids.filter((other) => other !== id)].slice(0, this.max));
  }

  remove(id: string): void {
    this.#keep(this.#ids.filter((other) => other !== id));
  }

  clear(): void {
    this.#keep([]);
  }

  #keep(ids: readonly string[]): void {
    remember("local", this.key, ids.length ? ids : undefined);
    this.#tell(ids);
  }

  #read(): readonly string[] {
    return remembered("local", this.key, isListOfText) ?? [];
  }

  #tell(ids: readonly string[]): void {
    this.#ids = ids;
    for (const listener of this.#listeners) listener();
  }
}

export const recentlySeen = new ProductList("recently-seen", 12);
export const guestWishlist = new ProductList("guest-wishlist", MAX_PRODUCTS);

export const useProductList = (list: ProductList) => useSyncExternalStore(list.subscribe, list.ids);
