/** What a catalogue page asks the API for; the server that writes the answer into the page asks the same. */

export const KNOWN_FILTERS = new Set(
  "category collection brand material color colorFamily size gender tag minPrice maxPrice inStock featured newArrival onSale search sort page".split(
    " ",
  ),
);

const PAGE_SIZE = "24"; // full rows of two, three and four

/** The API's query for the filters of an address and the category, or the collection, of its path. */
export function catalogueQuery(
  filters: Record<string, string>,
  category?: string,
  collection?: string,
): Record<string, string> {
  // A collection stands in the order that staff gave it.
  if (collection) return { ...filters, inCollection: collection, limit: PAGE_SIZE };
  return {
    sort: filters.search ? "relevance" : "popularity",
    ...filters,
    ...(category && !filters.category && { category }),
    limit: PAGE_SIZE,
  };
}
