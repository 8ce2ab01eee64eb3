import { count } from "../format";

/** Five stars, filled as far as the rating goes; in words for those who do not see them. */
export function Stars({ rating, reviews }: { rating: number; reviews?: number }) {
  const words = `${rating.toFixed(1)} of 5 stars${reviews === undefined ? "" : `, ${count(reviews, "review")}`}`;
  return (
    <span className="stars">
      <span className="visually-hidden">{words}</span>
      <svg viewBox="0 0 100 20" aria-hidden="true" className="stars-row">
        <defs>
          <pattern id="star" width="20" height="20" patternUnits="userSpaceOnUse">
            <path d="M10 2l2.4 5.2 5.6.6-4.2 3.8 1.2 5.6L10 14.3l-5 2.9 1.2-5.6L2 7.8l5.6-.6Z" fill="#fff" />
          </pattern>
          <mask id="stars">
            <rect width="100" height="20" fill="url(#star)" />
          </mask>
        </defs>
        <g mask="url(#stars)">
          <rect width="100" height="20" className="stars-empty" />
          <rect width={rating * 20} height="20" className="stars-full" />
        </g>
      </svg>
      {reviews !== undefined && <span aria-hidden="true">({reviews})</span>}
    </span>
  );
}
