/** A picture of the catalogue in as many pixels as it is shown with. */

import type { ImgHTMLAttributes } from "react";

export interface PictureSource {
  url: string;
  /** By the longest side in pixels. */
  thumbnails?: Record<string, string>;
  width?: number | null;
  height?: number | null;
}

interface Props extends Omit<ImgHTMLAttributes<HTMLImageElement>, "src" | "srcSet"> {
  image: PictureSource;
  alt: string;
  /** How wide the layout shows it, as the `sizes` attribute has it. */
  sizes: string;
}

// How wide each place of the layout is; the server preloads the first picture by the same words.
export const SIZES = {
  card: "(min-width: 78rem) 17rem, (min-width: 48rem) 24vw, 46vw",
  listed: "(min-width: 80rem) 15rem, (min-width: 62rem) 21vw, (min-width: 48rem) 31vw, 46vw",
  product: "(min-width: 78rem) 42rem, (min-width: 52rem) 55vw, 94vw",
  line: "4.5rem",
  tiny: "2.5rem",
};

export function Picture({ image, alt, sizes, width = 480, height = 600, ...rest }: Props) {
  return (
    <img
      src={pick(image, 800)}
      srcSet={sourceSet(image)}
      sizes={sizes}
      alt={alt}
      width={width}
      height={height}
      decoding="async"
      {...rest}
    />
  );
}

/** The thumbnails with the width of each: a side counts the longer one, and most pictures are upright. */
export function sourceSet({ thumbnails = {}, width, height }: PictureSource): string | undefined {
  const narrow = width && height ? Math.min(1, width / height) : 0.8;
  const sides = Object.keys(thumbnails).sort((one, other) => Number(one) - Number(other));
  return sides.map((side) => `${thumbnails[side]} ${Math.round(Number(side) * narrow)}w`).join(", ") || undefined;
}

/** The smallest file that has `side` pixels on its longest side; the picture itself where none has. */
export function pick({ url, thumbnails = {} }: PictureSource, side: number): string {
  const found = Object.keys(thumbnails)
    .map(Number)
    .sort((one, other) => one - other)
    .find((each) => each >= side);
  return (found && thumbnails[found]) || url;
}
