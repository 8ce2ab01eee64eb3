import { t, tn } from "../i18n";

/** Five stars, filled as far as the rating goes; in words for those who do not see them. */
export function Stars({ rating, reviews }: { rating: number; reviews?: number }) {
  const stars = t("{rating} of 5 stars", { rating: rating.toFixed(1) });
  const words = reviews === undefined ? stars : `${stars}, ${tn(reviews, "{count} review", "{count} reviews")}`;
  return (
    <span className="stars">
      <span className="visually-hidden">{words}</span>
      <span className="stars-row" aria-hidden="true" style={{ "--rating": `${rating * 20}%` } as React.CSSProperties} />
      {reviews !== undefined && <span aria-hidden="true">({reviews})</span>}
    </span>
  );
}
