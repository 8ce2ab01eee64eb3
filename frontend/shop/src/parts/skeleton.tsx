/** Shapes of what is about to appear, so that nothing jumps when it does. */

import { t } from "../i18n";

export function Bone({ shape = "line" }: { shape?: "line" | "title" | "box" | "picture" }) {
  return <span className={`bone bone-${shape}`} aria-hidden="true" />;
}

export function CardSkeletons({ many = 8, listed = false }: { many?: number; listed?: boolean }) {
  return (
    <ul className={listed ? "grid grid-listed" : "grid"} aria-hidden="true">
      {Array.from({ length: many }, (_, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all the same, and never move
        <li key={at} className="card">
          <Bone shape="picture" />
          <Bone />
          <Bone />
        </li>
      ))}
    </ul>
  );
}

export function PageSkeleton() {
  return (
    <div className="page page-skeleton" role="status" aria-label={t("Loading")}>
      <Bone shape="title" />
      <Bone shape="box" />
      <Bone />
    </div>
  );
}
