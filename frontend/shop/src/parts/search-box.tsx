/** Search as you type: searches, categories, brands and products below the field; all of it on Enter. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type FormEvent, useEffect, useId, useRef, useState } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { suggestions } from "../api";
import { seen } from "../beacon";
import { t } from "../i18n";
import type { Suggestions } from "../types";
import { Icon } from "./icon";
import { Picture, SIZES } from "./picture";
import { Price } from "./price";

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
    ...suggestions(asked),
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
        {wanted && data && <Suggested of={data} asked={asked} busy={isFetching} close={() => setOpen(false)} />}
      </form>
    </search>
  );
}

function Suggested({ of, asked, busy, close }: { of: Suggestions; asked: string; busy: boolean; close: () => void }) {
  const links = [
    ...of.searches.map((text) => ({ key: `s ${text}`, text, href: `/shop?${new URLSearchParams({ search: text })}` })),
    ...of.categories.map(({ id, slug, name }) => ({ key: id, text: name, href: `/shop/${slug}` })),
    ...of.brands.map((brand) => ({ key: `b ${brand}`, text: brand, href: `/shop?${new URLSearchParams({ brand })}` })),
  ];
  const nothing = links.length === 0 && of.products.length === 0;
  return (
    <div className="search-found" data-busy={busy}>
      <p className="hint" role="status">
        {nothing && t("Nothing found for “{query}”.", { query: asked })}
        {of.correctedTo && !nothing && t("Showing what matches “{words}”.", { words: of.correctedTo })}
      </p>
      {links.length > 0 && (
        <ul className="search-links">
          {links.map(({ key, text, href }) => (
            <li key={key}>
              <Link href={href} onClick={close}>
                <Icon name="search" /> <bdi>{text}</bdi>
              </Link>
            </li>
          ))}
        </ul>
      )}
      <ul>
        {of.products.map((product) => (
          <li key={product.id}>
            <Link href={`/p/${product.slug}`} onClick={close}>
              {product.image && <Picture image={product.image} alt="" sizes={SIZES.tiny} width="40" height="50" />}
              <span>{product.name}</span>
              <Price of={product} />
            </Link>
          </li>
        ))}
      </ul>
      {of.products.length > 0 && (
        <button type="submit" className="link">
          {t("See all that is found")}
        </button>
      )}
    </div>
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
