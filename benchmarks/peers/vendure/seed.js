// 1,000 products of 6 variants in 20 collections, and all that a checkout needs; ends when the
// search index and the collections hold them all.
process.env.MAKE_TABLES = "1";
const fs = require("node:fs");
const { setTimeout: sleep } = require("node:timers/promises");
const {
  bootstrap,
  JobQueueService,
  RequestContextService,
  SearchService,
  TransactionalConnection,
} = require("@vendure/core");
const { populate } = require("@vendure/core/cli");
const { config } = require("./config");

const PRODUCTS = 1000;
const VARIANTS = 6 * PRODUCTS;
const WORDS = "linen cotton wool silk denim velvet jersey canvas tweed satin".split(" ");
const THINGS = "shirt kurta dress jacket skirt scarf trousers sweater coat blouse".split(" ");
const FIELDS =
  "name,slug,description,assets,facets,optionGroups,optionValues,sku,price,taxCategory," +
  "stockOnHand,trackInventory,variantAssets,variantFacets";
const COUNTRIES = {
  GB: "United Kingdom",
  DE: "Germany",
  DK: "Denmark",
  SE: "Sweden",
  FR: "France",
  ES: "Spain",
  IT: "Italy",
};
const categories = Array.from({ length: 20 }, (_, n) => `Category ${n}`);

function rowsOf(n) {
  const name = `${WORDS[n % 10]} ${THINGS[Math.floor(n / 10) % 10]}`;
  const product = [
    `${name} ${n}`,
    `product-${n}`,
    `A ${name} for every day. `.repeat(8).trim(),
    "",
    `category:${categories[n % 20]}`,
    "Size|Color",
  ];
  const options = ["S", "M", "L"].flatMap((size) => [`${size}|Black`, `${size}|White`]);
  return options.map((option, at) => {
    const sku = `P${n}-${option.replace("|", "-")}`;
    const variant = [option, sku, 10 + (n % 90), "standard", 1000000, "true", "", ""];
    return [...(at === 0 ? product : product.map(() => "")), ...variant].join(",");
  });
}

const data = {
  defaultLanguage: "en",
  defaultZone: "Europe",
  countries: Object.entries(COUNTRIES).map(([code, name]) => ({ code, name, zone: "Europe" })),
  taxRates: [{ name: "Standard Tax", percentage: 19 }],
  shippingMethods: [{ name: "Standard Shipping", price: 1000, taxRate: 19 }],
  paymentMethods: [
    {
      name: "Standard Payment",
      handler: {
        code: "dummy-payment-handler",
        arguments: [{ name: "automaticSettle", value: "false" }],
      },
    },
  ],
  collections: categories.map((name) => ({
    name,
    filters: [
      { code: "facet-value-filter", args: { facetValueNames: [name], containsAny: false } },
    ],
  })),
};

async function main() {
  const rows = Array.from({ length: PRODUCTS }, (_, n) => rowsOf(n)).flat();
  fs.writeFileSync("products.csv", [FIELDS, ...rows, ""].join("\n"));
  const app = await populate(() => bootstrap(config), data, "products.csv");
  await app.get(JobQueueService).start();
  await app
    .get(SearchService)
    .reindex(await app.get(RequestContextService).create({ apiType: "admin" }));
  const database = app.get(TransactionalConnection).rawConnection;
  const count = async (table) =>
    Number((await database.query(`SELECT count(*) FROM ${table}`))[0].count);
  for (let second = 0; second < 1800; second += 1) {
    const indexed = await count("search_index_item");
    const collected = await count("collection_product_variants_product_variant");
    if (indexed >= VARIANTS && collected >= VARIANTS) return app.close();
    await sleep(1000);
  }
  throw new Error("after half an hour the search index or the collections are not whole");
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
