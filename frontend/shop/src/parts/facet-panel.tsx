/** What the products at hand can be narrowed by, and how many each choice would leave. */

import { type FormEvent, useState } from "react";
import { shade } from "../colors";
import { capital } from "../format";
import type { Facets, FacetValue } from "../types";

interface Props {
  facets: Facets;
  filters: Record<string, string>;
  set: (changes: Record<string, string>) => void;
  inCategory: boolean;
}

const FEW = 8;

export function FacetPanel({ facets, filters, set, inCategory }: Props) {
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
      {!inCategory && group("Category", "category", facets.category, true)}
      {group("Size", "size", facets.size, true)}
      {group("Colour", "color", facets.color, true)}
      {group("For", "gender", facets.gender)}
      {group("Brand", "brand", facets.brand)}
      {group("Material", "material", facets.material)}
      <PriceRange facets={facets} filters={filters} set={set} />
      <fieldset>
        <legend className="visually-hidden">More</legend>
        {[
          ["inStock", "In stock only"],
          ["onSale", "On sale"],
          ["newArrival", "New"],
        ].map(([key = "", label]) => (
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
    </div>
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
  if (!values.length) return null;
  // What is chosen stays in sight, also where it would leave nothing.
  const gone = chosen.filter((value) => !values.some((found) => found.value === value));
  const listed = [...values, ...gone.map((value) => ({ value, count: 0 }))];
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
            {name === "color" && <span className="swatch" style={{ background: shade(found.value) }} />}
            <span>{label(found, name)}</span>
            <span className="tick-count">{found.count}</span>
          </label>
        ))}
        {listed.length > shown.length && (
          <button type="button" className="link" onClick={() => setAll(true)}>
            Show all {listed.length}
          </button>
        )}
      </fieldset>
    </details>
  );
}

function label(found: FacetValue, name: string): string {
  return found.name ?? (name === "gender" ? capital(found.value) : found.value);
}

function PriceRange({ facets, filters, set }: Omit<Props, "inCategory">) {
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
      <summary>Price</summary>
      <form className="price-range" onSubmit={submit}>
        {input("minPrice", "Lowest price", min)}
        <span aria-hidden="true">–</span>
        {input("maxPrice", "Highest price", max)}
        <button type="submit" className="button button-quiet">
          Go
        </button>
      </form>
    </details>
  );
}
