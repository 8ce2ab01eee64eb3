import { Link } from "wouter";
import { t } from "../i18n";

interface Props {
  page: number;
  pages: number;
  href: (page: number) => string;
}

/** Links to the pages of a list: the neighbours, the first and the last. */
export function Pagination({ page, pages, href }: Props) {
  if (pages < 2) return null;
  const near = [page - 1, page, page + 1].filter((number) => number > 1 && number < pages);
  const shown = [1, ...near, pages];
  return (
    <nav className="pagination" aria-label={t("Pages")}>
      {page > 1 ? <Link href={href(page - 1)}>{t("Previous")}</Link> : <span />}
      <ol>
        {shown.map((number, at) => (
          <li key={number} data-gap={at > 0 && number > (shown[at - 1] ?? 0) + 1}>
            <Link
              href={href(number)}
              aria-label={t("Page {number}", { number })}
              aria-current={number === page ? "page" : undefined}
            >
              {number}
            </Link>
          </li>
        ))}
      </ol>
      {page < pages ? <Link href={href(page + 1)}>{t("Next")}</Link> : <span />}
    </nav>
  );
}
