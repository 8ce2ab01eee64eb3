/** The products of a category or a search, with everything that narrows them down. The address bar is the state. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { categories, products } from "../api";
import { said } from "../errors";
import { count } from "../format";
import { Dialog } from "../parts/dialog";
import { FacetPanel } from "../parts/facet-panel";
import { Icon } from "../parts/icon";
import { Notice } from "../parts/notice";
import { Pagination } from "../parts/pagination";
import { ProductGrid } from "../parts/product-card";
import { useSeenSearch } from "../parts/search-box";
import { CardSkeletons } from "../parts/skeleton";
import { useTitle } from "../title";
import type { Category, FacetValue } from "../types";

const SORTS = {
  "": "Most loved",
  newest: "Newest",
  price_asc: "Price, low to high",
  price_desc: "Price, high to low",
  rating: "Best rated",
  name_asc: "Name, A to Z",
};

const KNOWN = new Set(
  "category collection brand material color size gender tag minPrice maxPrice inStock featured newArrival onSale search sort page".split(
    " ",
  ),
);

export function Catalogue({ category }: { category?: string }) {
  const [path, go] = useLocation();
  const filters = Object.fromEntries([...new URLSearchParams(useSearch())].filter(([name]) => KNOWN.has(name)));
  const { data: tree } = useQuery(categories);
  const trail = category && tree ? find(tree.items, category) : undefined;
  const here = trail?.at(-1);
  const asked = {
    sort: filters.search ? "relevance" : "popularity",
    ...filters,
    ...(category && !filters.category && { category }),
    limit: "24",
  };
  const { data, error, isPlaceholderData } = useQuery({
    ...products(asked, true),
    placeholderData: keepPreviousData,
  });
  const [panel, setPanel] = useState(false);
  const title = filters.search ? `“${filters.search}”` : (here?.name ?? name(filters));
  useTitle(title);
  useSeenSearch(filters.search, isPlaceholderData ? undefined : data?.total);

  const to = (changes: Record<string, string>) => {
    const next = Object.entries({ ...filters, page: "", ...changes }).filter(([, value]) => value !== "");
    const search = new URLSearchParams(next).toString();
    return search ? `${path}?${search}` : path;
  };
  const set = (changes: Record<string, string>) => go(to(changes), { replace: true });
  const chosen = Object.entries(filters).filter(([key]) => !["sort", "page", "search"].includes(key));
  const facets = data?.facets && (
    <FacetPanel
      facets={{ ...data.facets, category: named(data.facets.category, tree?.items ?? []) }}
      filters={filters}
      set={set}
      inCategory={category !== undefined}
    />
  );

  return (
    <div className="page catalogue">
      <nav className="crumbs" aria-label="Where you are">
        <Link href="/">Home</Link>
        {(trail ?? []).slice(0, -1).map((step) => (
          <Link key={step.id} href={`/shop/${step.slug}`}>
            {step.name}
          </Link>
        ))}
      </nav>
      <h1>{title}</h1>
      {here?.children.length ? (
        <ul className="chips">
          {here.children.map((child) => (
            <li key={child.id}>
              <Link href={`/shop/${child.slug}`}>{child.name}</Link>
            </li>
          ))}
        </ul>
      ) : null}
      <div className="catalogue-bar">
        <p role="status">{data ? count(data.total, "product") : "Looking…"}</p>
        <button type="button" className="button button-quiet filter-button" onClick={() => setPanel(true)}>
          <Icon name="filter" /> Filter{chosen.length > 0 && ` (${chosen.length})`}
        </button>
        <label className="sort">
          <span>Sort by</span>
          <select value={filters.sort ?? ""} onChange={(event) => set({ sort: event.target.value })}>
            {Object.entries(SORTS).map(([value, label]) => (
              <option key={value} value={value}>
                {value === "" && filters.search ? "Best match" : label}
              </option>
            ))}
          </select>
        </label>
      </div>
      {chosen.length > 0 && (
        <p className="chosen">
          {chosen.map(([key, value]) => (
            <button type="button" key={key} className="chip" onClick={() => set({ [key]: "" })}>
              {filterWords(key, value)} <Icon name="close" />
              <span className="visually-hidden">, remove this filter</span>
            </button>
          ))}
          <Link href={filters.search ? `${path}?search=${encodeURIComponent(filters.search)}` : path}>Clear all</Link>
        </p>
      )}
      <div className="catalogue-body">
        <aside aria-label="Filters">{facets}</aside>
        <div data-busy={isPlaceholderData} className="catalogue-found">
          {error && <Notice kind="bad">{said(error)}</Notice>}
          {!data && !error && <CardSkeletons many={12} />}
          {data?.total === 0 && (
            <div className="empty">
              <p>Nothing fits all of that.</p>
              <Link href="/shop" className="button">
                Start over
              </Link>
            </div>
          )}
          {data && data.total > 0 && <ProductGrid products={data.items} />}
          {data && (
            <Pagination
              page={data.page}
              pages={data.pages}
              href={(page) => to({ page: page === 1 ? "" : String(page) })}
            />
          )}
        </div>
      </div>
      <Dialog open={panel} onClose={() => setPanel(false)} title="Filter" side="left">
        {facets}
        <div className="drawer-foot">
          <button type="button" className="button button-wide" onClick={() => setPanel(false)}>
            Show {data ? count(data.total, "product") : "products"}
          </button>
        </div>
      </Dialog>
    </div>
  );
}

/** The path in the tree down to the category with this slug. */
function find(tree: readonly Category[], slug: string): Category[] | undefined {
  for (const category of tree) {
    if (category.slug === slug) return [category];
    const below = find(category.children, slug);
    if (below) return [category, ...below];
  }
  return undefined;
}

/** Categories with where they stand, as "Clothing" alone is men's, women's and children's. */
function named(values: readonly FacetValue[], tree: readonly Category[]): FacetValue[] {
  return values.map((value) => {
    const trail = find(tree, value.value) ?? [];
    return trail.length > 1 ? { ...value, name: trail.map((step) => step.name).join(" · ") } : value;
  });
}

function name(filters: Record<string, string>): string {
  if (filters.onSale) return "Sale";
  if (filters.newArrival) return "Just arrived";
  if (filters.featured) return "Chosen for you to look at";
  return "Everything";
}

function filterWords(key: string, value: string): string {
  if (key === "minPrice") return `from ₹${Number(value)}`;
  if (key === "maxPrice") return `up to ₹${Number(value)}`;
  const flags: Record<string, string> = {
    inStock: "In stock",
    onSale: "On sale",
    newArrival: "New",
    featured: "Chosen",
  };
  return flags[key] ?? value.replaceAll(",", ", ");
}
