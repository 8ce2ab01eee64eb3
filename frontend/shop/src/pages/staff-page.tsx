/** A page that the shop's staff have written: returns, terms, contact. */

import { isProblem } from "@markrin/client";
import { useQuery } from "@tanstack/react-query";
import { staffPage } from "../api";
import { PageSkeleton } from "../parts/skeleton";
import { Trouble } from "../parts/trouble";
import { useTitle } from "../title";
import { NotFound } from "./not-found";

export function StaffPage({ slug }: { slug: string }) {
  const { data: page, error, refetch } = useQuery(staffPage(slug));
  useTitle(page?.title);
  if (isProblem(error) && error.status === 404) return <NotFound />;
  if (error) {
    return (
      <div className="page">
        <Trouble error={error} retry={refetch} />
      </div>
    );
  }
  if (!page) return <PageSkeleton />;
  return (
    <article className="page narrow prose">
      <h1>{page.title}</h1>
      {/* biome-ignore lint/security/noDangerouslySetInnerHtml: the server makes it of Markdown, in which HTML is text */}
      <div dangerouslySetInnerHTML={{ __html: page.html }} />
    </article>
  );
}
