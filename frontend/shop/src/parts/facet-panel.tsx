/** What the products at hand can be narrowed by, and how many each choice would leave. */

import { type FormEvent, useState } from "react";
import { Link } from "wouter";
import { useShade } from "../colors";
import { t } from "../i18n";
import type { Category, Facets, FacetValue } from "../types";

type Filters = Record<string, string>;
type Set = (changes: Filters) => void;

interface Props {
  facets: Facets;
  tree: readonly Category[];
  /** The path down to the category of this page. */
  trail: readonly Category[];
  filters: Filters;
  set: Set;
}

const FEW = 8;

export const genderNames = () => ({
  women: t("Women"),
  men: t("Men"),
  unisex: t("Everyone"),
  girls: t("Girls"),
  boys: t("Boys"),
});

export function FacetPanel({ facets, tree, trail, filters, set }: Props) {
  const group = (title: string, key: string, values: FacetValue[], open = false) => (
    <FacetGroup
      key={key}
      title={title}
      name={key}
      values={values}
      open={open || filters[key] !== undefined}
      chosen={filters[key]?.split(",") ?? []}
      set={(chosen) => set({ [key]: chosen.join(",") })}
    />
  );
  return (
    <div className="facets">
      <CategoryTree tree={tree} trail={trail} counts={facets.category} search={filters.search} />
      {group(t("Size"), "size", facets.size, true)}
      {/* By what shoppers call them, "blue"; the shop's own names, "navy", where one is chosen. */}
      {filters.color
        ? group(t("Colour"), "color", facets.color, true)
        : group(t("Colour"), "colorFamily", facets.colorFamily, true)}
      {group(t("For"), "gender", facets.gender)}
      {group(t("Brand"), "brand", facets.brand)}
      {group(t("Material"), "material", facets.material)}
      <PriceRange facets={facets} filters={filters} set={set} />
      <Flags filters={filters} set={set} />
    </div>
  );
}

interface TreeProps {
  tree: readonly Category[];
  trail: readonly Category[];
  counts: readonly FacetValue[];
  search: string | undefined;
}

/** The categories as they hang together: the branch of this page is open, and a search goes along. */
function CategoryTree({ tree, trail, counts, search }: TreeProps) {
  if (!tree.length) return null;
  const count = new Map(counts.map(({ value, count }) => [value, count]));
  const query = search ? `?${new URLSearchParams({ search })}` : "";
  const branch = (categories: readonly Category[], depth: number) => (
    <ul className="tree">
      {categories.map((category) => {
        const open = trail[depth]?.id === category.id;
        return (
          <li key={category.id}>
            <Link
              href={`/shop/${category.slug}${query}`}
              aria-current={open && trail.length === depth + 1 ? "page" : undefined}
            >
              {category.name} <span className="tick-count">{count.get(category.slug)}</span>
            </Link>
            {open && category.children.length > 0 && branch(category.children, depth + 1)}
          </li>
        );
      })}
    </ul>
  );
  return (
    <nav aria-label={t("Category")} className="facet-tree">
      <p className="facet-title">{t("Category")}</p>
      {trail.length > 0 && <Link href={`/shop${query}`}>{t("Everything")}</Link>}
      {branch(tree, 0)}
    </nav>
  );
}

interface GroupProps {
  title: string;
  name: string;
  values: FacetValue[];
  open: boolean;
  chosen: string[];
  set: (chosen: string[]) => void;
}

function FacetGroup({ title, name, values, open, chosen, set }: GroupProps) {
  const [all, setAll] = useState(false);
  const shade = useShade();
  // What is chosen stays in sight, also where it would leave nothing.
  const gone = chosen.filter((value) => !values.some((found) => found.value === value));
  const listed = [...values, ...gone.map((value) => ({ value, count: 0 }))];
  if (!listed.length) return null;
  const shown = all ? listed : listed.filter((found, at) => at < FEW || chosen.includes(found.value));
  const toggle = (value: string, on: boolean) =>
    set(on ? [...chosen, value] : chosen.filter((other) => other !== value));
  return (
    <details open={open}>
      <summary>{title}</summary>
      <fieldset>
        <legend className="visually-hidden">{title}</legend>
        {shown.map((found) => (
          <label key={found.value} className="tick">
            <input
              type="checkbox"
              checked={chosen.includes(found.value)}
              onChange={(event) => toggle(found.value, event.target.checked)}
            />
            {name.startsWith("color") && <span className="swatch" style={{ background: shade(found.value) }} />}
            <span>{label(found, name)}</span>
            <span className="tick-count">{found.count}</span>
          </label>
        ))}
        {listed.length > shown.length && (
          <button type="button" className="link" onClick={() => setAll(true)}>
            {t("Show all {count}", { count: listed.length })}
          </button>
        )}
      </fieldset>
    </details>
  );
}

function label(found: FacetValue, name: string): string {
  if (name === "gender") return genderNames()[found.value as keyof ReturnType<typeof genderNames>] ?? found.value;
  return found.name ?? found.value;
}

function Flags({ filters, set }: { filters: Filters; set: Set }) {
  const flags: [string, string][] = [
    ["inStock", t("In stock only")],
    ["onSale", t("On sale")],
    ["newArrival", t("New")],
  ];
  return (
    <fieldset>
      <legend className="visually-hidden">{t("More filters")}</legend>
      {flags.map(([key, label]) => (
        <label key={key} className="tick">
          <input
            type="checkbox"
            checked={filters[key] === "true"}
            onChange={(event) => set({ [key]: event.target.checked ? "true" : "" })}
          />
          {label}
        </label>
      ))}
    </fieldset>
  );
}

function PriceRange({ facets, filters, set }: { facets: Facets; filters: Filters; set: Set }) {
  const { min, max } = facets.price;
  if (min === null || max === null) return null;
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    const amount = (name: string) => {
      const text = String(given.get(name) ?? "").trim();
      return text && Number.isFinite(Number(text)) ? Math.max(0, Number(text)).toFixed(2) : "";
    };
    const [low, high] = [amount("minPrice"), amount("maxPrice")];
    const turned = low !== "" && high !== "" && Number(low) > Number(high);
    set(turned ? { minPrice: high, maxPrice: low } : { minPrice: low, maxPrice: high });
  };
  const input = (name: string, label: string, placeholder: string) => (
    <label>
      <span className="visually-hidden">{label}</span>
      <input
        key={filters[name] ?? ""}
        name={name}
        type="number"
        min="0"
        step="1"
        inputMode="numeric"
        placeholder={String(Math.floor(Number(placeholder)))}
        defaultValue={filters[name] ? Number(filters[name]) : ""}
      />
    </label>
  );
  return (
    <details open>
      <summary>{t("Price")}</summary>
      <form className="price-range" onSubmit={submit}>
        {input("minPrice", t("Lowest price"), min)}
        <span aria-hidden="true">–</span>
        {input("maxPrice", t("Highest price"), max)}
        <button type="submit" className="button button-quiet">
          {t("Go")}
        </button>
      </form>
    </details>
  );
}
