/** The products of a category, a collection or a search, with everything that narrows them down. The address bar is the state. */

import { isProblem } from "@markrin/client";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { categories, collection as collectionQuery, collections, products } from "../api";
import { catalogueQuery, KNOWN_FILTERS } from "../catalogue-query";
import { money } from "../format";
import { t, tn } from "../i18n";
import { Dialog } from "../parts/dialog";
import { FacetPanel } from "../parts/facet-panel";
import { Icon } from "../parts/icon";
import { Pagination } from "../parts/pagination";
import { SIZES } from "../parts/picture";
import { ProductGrid } from "../parts/product-card";
import { useSeenSearch } from "../parts/search-box";
import { CardSkeletons } from "../parts/skeleton";
import { Trouble } from "../parts/trouble";
import { settings } from "../settings";
import { useTitle } from "../title";
import type { Category } from "../types";
import { NotFound } from "./not-found";

const sorts = () => ({
  "": t("Most loved"),
  newest: t("Newest"),
  price_asc: t("Price, low to high"),
  price_desc: t("Price, high to low"),
  rating: t("Best rated"),
  name_asc: t("Name, A to Z"),
});

type Filters = Record<string, string>;

export function Catalogue({ category, collection }: { category?: string; collection?: string }) {
  const [path, go] = useLocation();
  const filters: Filters = Object.fromEntries(
    [...new URLSearchParams(useSearch())].filter(([name]) => KNOWN_FILTERS.has(name)),
  );
  const { data: tree } = useQuery(categories);
  const trail = category && tree ? findTrail(tree.items, category) : undefined;
  const here = trail?.at(-1);
  const { data: gathered, error: missing } = useQuery({
    ...collectionQuery(collection ?? ""),
    enabled: collection !== undefined,
    retry: false,
  });
  const { data, error, refetch, isPlaceholderData } = useQuery({
    ...products(catalogueQuery(filters, category, collection), true),
    placeholderData: keepPreviousData,
  });
  const [panel, setPanel] = useState(false);
  const named = gathered?.name ?? here?.name;
  const title = filters.search ? `“${filters.search}”` : (named ?? (category || collection ? "" : titleOf(filters)));
  useTitle(title);
  useSeenSearch(filters.search, isPlaceholderData ? undefined : data?.notFound ? 0 : data?.total);
  if (category && tree && !trail) return <NotFound />;
  if (isProblem(missing) && missing.status === 404) return <NotFound />;

  const to = (changes: Filters) => {
    const next = Object.entries({ ...filters, page: "", ...changes }).filter(([, value]) => value !== "");
    const search = new URLSearchParams(next).toString();
    return search ? `${path}?${search}` : path;
  };
  const set = (changes: Filters) => go(to(changes), { replace: true });
  const chosen = Object.entries(filters).filter(([key]) => !["sort", "page", "search"].includes(key));
  const clear = filters.search ? `${path}?search=${encodeURIComponent(filters.search)}` : path;
  const facets = data?.facets && (
    <FacetPanel facets={data.facets} tree={tree?.items ?? []} trail={trail ?? []} filters={filters} set={set} />
  );

  return (
    <div className="page catalogue">
      <Crumbs trail={(trail ?? []).slice(0, -1)} />
      <h1>{title || " "}</h1>
      {(gathered ?? here)?.description && <p className="catalogue-text">{(gathered ?? here)?.description}</p>}
      <SubCategories of={here} />
      {!category && !collection && Object.keys(filters).length === 0 && <CollectionLinks />}
      <div className="catalogue-bar">
        <p role="status">{data ? tn(data.total, "{count} product", "{count} products") : t("Looking…")}</p>
        <button type="button" className="button button-quiet filter-button" onClick={() => setPanel(true)}>
          <Icon name="filter" /> {t("Filter")}
          {chosen.length > 0 && ` (${chosen.length})`}
        </button>
        <SortChoice filters={filters} set={set} first={collection ? t("Our selection") : undefined} />
      </div>
      {data?.correctedTo && (
        <p className="catalogue-text">{t("Showing what matches “{words}”.", { words: data.correctedTo })}</p>
      )}
      {data?.notFound && data.items.length > 0 && (
        <p className="catalogue-text">
          {t("Nothing has all of these words. This comes nearest, without: {words}", {
            words: data.notFound.join(", "),
          })}
        </p>
      )}
      {data?.suggestions && (
        <p className="catalogue-text">
          {t("Others search for:")}{" "}
          {data.suggestions.map((words, at) => (
            <span key={words}>
              {at > 0 && " · "}
              <Link to={`/shop?search=${encodeURIComponent(words)}`}>{words}</Link>
            </span>
          ))}
        </p>
      )}
      <Chosen chosen={chosen} set={set} clear={clear} />
      <div className="catalogue-body">
        <aside aria-label={t("Filters")}>{facets}</aside>
        <div data-busy={isPlaceholderData} className="catalogue-found">
          {isProblem(error) && error.status === 400 ? (
            <Nothing href={path}>{t("This address asks for something that we do not know.")}</Nothing>
          ) : (
            <Trouble error={error} retry={refetch} />
          )}
          {!data && !error && <CardSkeletons many={12} listed />}
          {data && data.items.length === 0 && <NothingFits filters={filters} page={data.page} href={clear} />}
          {data && data.items.length > 0 && (
            // Other products are other cards: none slides from its place to another one.
            <ProductGrid
              key={data.items.map(({ id }) => id).join()}
              products={data.items}
              sizes={SIZES.listed}
              eager={4}
              listed
              heading="h2"
            />
          )}
          {data && (
            <Pagination
              page={data.page}
              pages={data.pages}
              href={(page) => to({ page: page === 1 ? "" : String(page) })}
            />
          )}
        </div>
      </div>
      <Dialog open={panel} onClose={() => setPanel(false)} title={t("Filter")} side="left">
        {facets}
        <div className="drawer-foot">
          <button type="button" className="button button-wide" onClick={() => setPanel(false)}>
            {data ? tn(data.total, "Show {count} product", "Show {count} products") : t("Show products")}
          </button>
        </div>
      </Dialog>
    </div>
  );
}

export function Crumbs({ trail }: { trail: readonly { id: string; slug: string; name: string }[] }) {
  return (
    <nav className="crumbs" aria-label={t("Where you are")}>
      <Link href="/">{t("Home")}</Link>
      {trail.map((step) => (
        <Link key={step.id} href={`/shop/${step.slug}`}>
          {step.name}
        </Link>
      ))}
    </nav>
  );
}

function SubCategories({ of }: { of: Category | undefined }) {
  if (!of?.children.length) return null;
  return (
    <ul className="chips">
      {of.children.map((child) => (
        <li key={child.id}>
          <Link href={`/shop/${child.slug}`}>{child.name}</Link>
        </li>
      ))}
    </ul>
  );
}

function CollectionLinks() {
  const { data } = useQuery(collections);
  if (!data?.items.length) return null;
  return (
    <ul className="chips" aria-label={t("Collections")}>
      {data.items.map((each) => (
        <li key={each.id}>
          <Link href={`/collections/${each.slug}`}>{each.name}</Link>
        </li>
      ))}
    </ul>
  );
}

interface SortProps {
  filters: Filters;
  set: (changes: Filters) => void;
  first?: string | undefined;
}

function SortChoice({ filters, set, first }: SortProps) {
  return (
    <label className="sort">
      <span>{t("Sort by")}</span>
      <select value={filters.sort ?? ""} onChange={(event) => set({ sort: event.target.value })}>
        {Object.entries(sorts()).map(([value, label]) => (
          <option key={value} value={value}>
            {value !== "" ? label : filters.search ? t("Best match") : (first ?? label)}
          </option>
        ))}
      </select>
    </label>
  );
}

interface ChosenProps {
  chosen: [string, string][];
  set: (changes: Filters) => void;
  clear: string;
}

function Chosen({ chosen, set, clear }: ChosenProps) {
  if (!chosen.length) return null;
  return (
    <p className="chosen">
      {chosen.map(([key, value]) => (
        <button type="button" key={key} className="chip" onClick={() => set({ [key]: "" })}>
          {filterText(key, value)} <Icon name="close" />
          <span className="visually-hidden">{t("Remove this filter")}</span>
        </button>
      ))}
      <Link href={clear}>{t("Clear all")}</Link>
    </p>
  );
}

function NothingFits({ filters, page, href }: { filters: Filters; page: number; href: string }) {
  if (page > 1) return <Nothing href={href}>{t("There are not that many pages.")}</Nothing>;
  if (!filters.search) return <Nothing href={href}>{t("Nothing fits all of that.")}</Nothing>;
  return (
    <Nothing href="/shop">
      {t("Nothing found for “{query}”. Try fewer or more general words, or look through the shelves.", {
        query: filters.search,
      })}
    </Nothing>
  );
}

function Nothing({ href, children }: { href: string; children: ReactNode }) {
  return (
    <div className="empty">
      <p>{children}</p>
      <Link href={href} className="button">
        {t("Start over")}
      </Link>
    </div>
  );
}

/** The path in the tree down to the category with this slug. */
function findTrail(tree: readonly Category[], slug: string): Category[] | undefined {
  for (const category of tree) {
    if (category.slug === slug) return [category];
    const below = findTrail(category.children, slug);
    if (below) return [category, ...below];
  }
  return undefined;
}

function titleOf(filters: Filters): string {
  if (filters.onSale) return t("Sale");
  if (filters.newArrival) return t("Just arrived");
  if (filters.featured) return t("Chosen for you to look at");
  if (filters.collection) return filters.collection;
  return t("Everything");
}

function filterText(key: string, value: string): string {
  const amount = () => money(value, settings.currency.code);
  if (key === "minPrice") return t("from {price}", { price: amount() });
  if (key === "maxPrice") return t("up to {price}", { price: amount() });
  const flags: Filters = {
    inStock: t("In stock"),
    onSale: t("On sale"),
    newArrival: t("New"),
    featured: t("Chosen"),
  };
  return flags[key] ?? value.replaceAll(",", ", ");
}
