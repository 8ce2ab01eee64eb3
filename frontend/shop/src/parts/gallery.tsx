/** A product's pictures: those of the chosen colour first in line, each to be looked at from near. */

import { type KeyboardEvent, useState } from "react";
import { t } from "../i18n";
import type { ProductDetail } from "../types";
import { Dialog } from "./dialog";
import { Icon } from "./icon";
import { Picture, SIZES } from "./picture";

type Image = ProductDetail["images"][number];

interface Props {
  product: ProductDetail;
  color: string;
}

export function Gallery({ product, color }: Props) {
  const images = imagesOf(product, color);
  // A choice holds for its colour: with another colour its first picture is shown.
  const [chosen, setChosen] = useState({ color, at: 0 });
  const at = chosen.color === color && chosen.at < images.length ? chosen.at : 0;
  const setAt = (next: number) => setChosen({ color, at: (next + images.length) % images.length });
  const [near, setNear] = useState(false);
  const main = images[at];
  if (!main) return <div className="picture picture-none">{product.name.charAt(0)}</div>;
  return (
    <div className="gallery">
      <div className="picture">
        <button type="button" className="gallery-main" onClick={() => setNear(true)}>
          <Picture
            image={main}
            alt={main.altText || product.name}
            sizes={SIZES.product}
            width="960"
            height="1200"
            fetchPriority="high"
          />
          <span className="gallery-zoom">
            <Icon name="zoom" />
            <span className="visually-hidden">{t("Look from near")}</span>
          </span>
        </button>
      </div>
      {images.length > 1 && (
        <ul className="gallery-strip">
          {images.map((image, number) => (
            <li key={image.id}>
              <button
                type="button"
                aria-label={t("Picture {number} of {all}", { number: number + 1, all: images.length })}
                aria-pressed={number === at}
                onClick={() => setAt(number)}
              >
                <Picture image={image} alt="" sizes={SIZES.line} width="96" height="120" />
              </button>
            </li>
          ))}
        </ul>
      )}
      <Dialog open={near} onClose={() => setNear(false)} title={product.name} wide>
        <Near image={main} name={product.name} many={images.length} step={(by) => setAt(at + by)} />
      </Dialog>
    </div>
  );
}

interface NearProps {
  image: Image;
  name: string;
  many: number;
  step: (by: number) => void;
}

/** The whole picture; pressed, in its own size to be moved about. */
function Near({ image, name, many, step }: NearProps) {
  const [large, setLarge] = useState(false);
  const keys = (event: KeyboardEvent) => {
    if (event.key === "ArrowRight") step(document.dir === "rtl" ? -1 : 1);
    if (event.key === "ArrowLeft") step(document.dir === "rtl" ? 1 : -1);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the arrow keys are a short cut; there are buttons, too
    <div className="near" onKeyDown={keys}>
      <button
        type="button"
        className="near-picture"
        data-large={large}
        aria-label={large ? t("Show all of it") : t("Show it larger")}
        onClick={() => setLarge(!large)}
      >
        <img src={image.url} alt={image.altText || name} />
      </button>
      {many > 1 && (
        <p className="near-steps">
          <button type="button" className="button button-quiet" onClick={() => step(-1)}>
            {t("Previous")}
          </button>
          <button type="button" className="button button-quiet" onClick={() => step(1)}>
            {t("Next")}
          </button>
        </p>
      )}
    </div>
  );
}

/** The pictures that show this colour and those that show none in particular; all of them where none says. */
export function imagesOf(product: ProductDetail, color: string): readonly Image[] {
  const colors = product.colors.map((name) => name.toLowerCase());
  const shown = (image: Image) => image.color.toLowerCase() || colorIn(image.altText, colors);
  const own = product.images.filter((image) => shown(image) === color.toLowerCase());
  if (!own.length) return product.images;
  return [...own, ...product.images.filter((image) => shown(image) === "")];
}

/** The colour that a picture's text names, the longest first: "navy blue" is not "blue". */
function colorIn(text: string, colors: readonly string[]): string {
  const byLength = [...colors].sort((one, other) => other.length - one.length);
  return byLength.find((name) => name && text.toLowerCase().includes(name)) ?? "";
}
