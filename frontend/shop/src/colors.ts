import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { colors } from "./api";

/** What the colours' names look like where staff have not said; others are shown in words alone. */
const SHADES: Record<string, string> = {
  black: "#1b1b1d",
  white: "#fbfaf7",
  ivory: "#f6efdf",
  cream: "#f3e9d2",
  beige: "#dcc9a8",
  sand: "#d8c3a0",
  tan: "#c49a6c",
  camel: "#b98a54",
  brown: "#6f4a33",
  chocolate: "#4f3223",
  khaki: "#9a8d63",
  olive: "#6b6d3c",
  green: "#3d7a4f",
  sage: "#9caf94",
  mint: "#b5dcc5",
  teal: "#1f6f70",
  turquoise: "#38b2ac",
  navy: "#1f2d50",
  "navy blue": "#1f2d50",
  blue: "#3563a8",
  "sky blue": "#8fbfe0",
  sky: "#8fbfe0",
  indigo: "#3b3f8f",
  denim: "#48658c",
  purple: "#6b4a8c",
  lavender: "#b9a7d6",
  lilac: "#c8b2dc",
  plum: "#65304f",
  burgundy: "#6b1f33",
  maroon: "#702532",
  wine: "#62203a",
  red: "#b3322f",
  rust: "#a4502b",
  terracotta: "#b9603f",
  orange: "#d97a2b",
  coral: "#e4785f",
  peach: "#f2b79a",
  pink: "#dd8ba6",
  rose: "#cf7f8e",
  blush: "#ecc7c3",
  magenta: "#b03a80",
  yellow: "#e2b93b",
  mustard: "#c8962e",
  gold: "#b99443",
  grey: "#8a8a8a",
  gray: "#8a8a8a",
  "grey melange": "#a5a5a3",
  charcoal: "#3c4045",
  silver: "#bfc3c7",
  slate: "#596575",
  stone: "#b5aa9a",
};

/** What a colour's swatch is painted with: as the shop's staff say, else by its name. */
export function useShade(): (name: string) => string | undefined {
  const { data } = useQuery(colors);
  const known = useMemo(() => new Map(data?.items.map((color) => [color.name.toLowerCase(), color])), [data]);
  return (name) => {
    const color = known.get(name.toLowerCase());
    if (color?.picture) return `center / cover url(${JSON.stringify(color.picture)})`;
    return color?.hex ?? SHADES[name.toLowerCase()];
  };
}
