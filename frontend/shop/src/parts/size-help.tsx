/** The size chart, in centimetres or inches, and a hint for one's own measures. */

import { useId, useState } from "react";
import { capital } from "../format";
import { rich, t, tn } from "../i18n";
import type { ProductDetail, SizeChart } from "../types";
import { Dialog } from "./dialog";
import { Notice } from "./notice";

type Unit = "cm" | "inches";

interface Props {
  product: ProductDetail;
  sizes: readonly string[];
  choose: (size: string) => void;
}

export function SizeHelp({ product, sizes, choose }: Props) {
  const [open, setOpen] = useState(false);
  const [unit, setUnit] = useState<Unit>("cm");
  const chart = product.sizeChart;
  const fit = fitWords(product.fit);
  if (!chart) return fit ? <p className="hint">{fit}</p> : null;
  return (
    <>
      <p className="hint">
        <button type="button" className="link" onClick={() => setOpen(true)}>
          {t("Which size fits me?")}
        </button>
        {fit && ` ${fit}`}
      </p>
      <Dialog open={open} onClose={() => setOpen(false)} title={chart.title}>
        <div className="size-help">
          <fieldset className="unit">
            <legend className="visually-hidden">{t("Unit")}</legend>
            {(["cm", "inches"] as const).map((name) => (
              <label key={name} className="choice choice-size">
                <input type="radio" name="unit" checked={unit === name} onChange={() => setUnit(name)} />
                <span>{unitName(name)}</span>
              </label>
            ))}
          </fieldset>
          <SizeHint
            chart={chart}
            unit={unit}
            fit={product.fit}
            sizes={sizes}
            choose={(size) => {
              choose(size);
              setOpen(false);
            }}
          />
          <ChartTable chart={chart} unit={unit} />
          {chart.note && <p className="hint">{chart.note}</p>}
        </div>
      </Dialog>
    </>
  );
}

function ChartTable({ chart, unit }: { chart: SizeChart; unit: Unit }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
    <section className="table-box" tabIndex={0} aria-label={`${chart.title}, ${unitName(unit)}`}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t("Size")}</th>
            {chart.measures.map((measure) => (
              <th key={measure} scope="col">
                {capital(t(measure))}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {chart.rows.map((row) => (
            <tr key={row.size}>
              <th scope="row">{row.size}</th>
              {row.values.map((value, at) => (
                <td key={chart.measures[at]}>{range(value[unit])}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

interface HintProps extends Omit<Props, "product"> {
  chart: SizeChart;
  unit: Unit;
  fit: ProductDetail["fit"];
}

function SizeHint({ chart, unit, fit, sizes, choose }: HintProps) {
  const id = useId();
  const [measure, setMeasure] = useState(0);
  const [text, setText] = useState("");
  const given = Number(text.replace(",", "."));
  const found = text && given > 0 ? sizeFor(chart, measure, given, unit) : undefined;
  const small = runsSmall(fit);
  return (
    <div className="size-hint">
      <label htmlFor={`${id}-measure`}>{t("Your measure")}</label>
      <select id={`${id}-measure`} value={measure} onChange={(event) => setMeasure(Number(event.target.value))}>
        {chart.measures.map((name, at) => (
          <option key={name} value={at}>
            {t(name)}
          </option>
        ))}
      </select>
      <label htmlFor={`${id}-value`} className="visually-hidden">
        {t(chart.measures[measure] ?? "")}, {unitName(unit)}
      </label>
      <input
        id={`${id}-value`}
        inputMode="decimal"
        value={text}
        placeholder={unitName(unit)}
        onChange={(event) => setText(event.target.value)}
      />
      <div role="status" className="size-answer">
        {text && given > 0 && !found && <Notice>{t("None of our sizes is made for that measure.")}</Notice>}
        {found && (
          <Notice kind="good">
            <p>
              {rich("We would send you size {size}.", { size: <strong>{found}</strong> })}{" "}
              {small && t("Buyers say that it runs small.")}
            </p>
            {sizes.includes(found) && (
              <button type="button" className="link" onClick={() => choose(found)}>
                {t("Take {size}", { size: found })}
              </button>
            )}
          </Notice>
        )}
      </div>
    </div>
  );
}

/** The first size whose range reaches up to the measure, if the smallest one does not begin far above it. */
export function sizeFor(chart: SizeChart, measure: number, given: number, unit: Unit): string | undefined {
  const slack = unit === "cm" ? 4 : 1.5;
  for (const row of chart.rows) {
    const range = row.values[measure]?.[unit];
    if (!range || given > Number(range.max)) continue;
    return given >= Number(range.min) - slack ? row.size : undefined;
  }
  return undefined;
}

/** What reviews say of the fit, once there are enough of them to say anything. */
export function fitWords(fit: ProductDetail["fit"]): string | undefined {
  const all = fit.small + fit.true + fit.large;
  if (all < 3) return undefined;
  const of = (some: number) => ({ some, buyers: tn(all, "{count} buyer", "{count} buyers") });
  if (runsSmall(fit)) return t("Runs small, say {some} of {buyers}: take one size up.", of(fit.small));
  if (fit.large * 2 > all) return t("Runs large, say {some} of {buyers}: take one size down.", of(fit.large));
  return t("True to size, say {some} of {buyers}.", of(fit.true));
}

function runsSmall(fit: ProductDetail["fit"]): boolean {
  const all = fit.small + fit.true + fit.large;
  return all >= 3 && fit.small * 2 > all;
}

function range(of: { min: string; max: string } | null): string {
  if (!of) return "–"; // this size has no such measure
  return of.min === of.max ? trim(of.min) : `${trim(of.min)}–${trim(of.max)}`;
}

const unitName = (unit: Unit) => (unit === "cm" ? t("cm") : t("inches"));

const trim = (length: string) => length.replace(/\.0$/, "");
