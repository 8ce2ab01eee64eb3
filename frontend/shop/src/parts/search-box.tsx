/** Search as you type: the first few products below the field, all of them on Enter. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type FormEvent, useEffect, useId, useRef, useState } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { products } from "../api";
import { seen } from "../beacon";
import { t, tn } from "../i18n";
import { Icon } from "./icon";
import { Picture, SIZES } from "./picture";
import { Price } from "./price";

const SHOWN = 5;

export function SearchBox() {
  const [, go] = useLocation();
  const address = new URLSearchParams(useSearch()).get("search") ?? "";
  const [text, setText] = useState(address);
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLFormElement>(null);
  const id = useId();
  useEffect(() => setText(address), [address]);
  const asked = useDelayed(text.trim(), 250);
  const wanted = open && asked.length >= 2;
  const { data, isFetching } = useQuery({
    ...products({ search: asked, limit: String(SHOWN) }),
    enabled: wanted,
    placeholderData: keepPreviousData,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setOpen(false);
    go(text.trim() ? `/shop?${new URLSearchParams({ search: text.trim() })}` : "/shop");
  };
  return (
    <search className="search">
      <form
        ref={box}
        onSubmit={submit}
        onBlur={(event) => !box.current?.contains(event.relatedTarget) && setOpen(false)}
        onKeyDown={(event) => event.key === "Escape" && setOpen(false)}
      >
        <Icon name="search" />
        <label htmlFor={id} className="visually-hidden">
          {t("Search the shop")}
        </label>
        <input
          id={id}
          type="search"
          placeholder={t("Search")}
          autoComplete="off"
          maxLength={100}
          value={text}
          onFocus={() => setOpen(true)}
          onChange={(event) => {
            setText(event.target.value);
            setOpen(true);
          }}
        />
        {wanted && data && (
          <div className="search-found" data-busy={isFetching}>
            <p className="hint" role="status">
              {data.total === 0
                ? t("Nothing found for “{query}”.", { query: asked })
                : tn(data.total, "{count} product", "{count} products")}
            </p>
            <ul>
              {data.items.map((product) => (
                <li key={product.id}>
                  <Link href={`/p/${product.slug}`} onClick={() => setOpen(false)}>
                    {product.image && (
                      <Picture image={product.image} alt="" sizes={SIZES.tiny} width="40" height="50" />
                    )}
                    <span>{product.name}</span>
                    <Price of={product} />
                  </Link>
                </li>
              ))}
            </ul>
            {data.total > SHOWN && (
              <button type="submit" className="link">
                {t("See all {count}", { count: data.total })}
              </button>
            )}
          </div>
        )}
      </form>
    </search>
  );
}

/** The value once it has stood still for `ms`. */
export function useDelayed<T>(value: T, ms: number): T {
  const [settled, settle] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => settle(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}

/** Tells the shop's figures of a search, once for each query that stood still. */
export function useSeenSearch(query: string | undefined, results: number | undefined): void {
  const told = useRef("");
  useEffect(() => {
    if (!query || results === undefined || told.current === query) return;
    told.current = query;
    seen({ type: "search", query, results });
  }, [query, results]);
}
