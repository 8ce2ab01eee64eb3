// 1,000 products of 6 variants in 20 categories, and all that a checkout needs.
import { ExecArgs } from "@medusajs/framework/types";
import {
  ContainerRegistrationKeys,
  Modules,
  ProductStatus,
} from "@medusajs/framework/utils";
import {
  createApiKeysWorkflow,
  createInventoryLevelsWorkflow,
  createProductCategoriesWorkflow,
  createProductsWorkflow,
  createRegionsWorkflow,
  createSalesChannelsWorkflow,
  createShippingOptionsWorkflow,
  createShippingProfilesWorkflow,
  createStockLocationsWorkflow,
  createTaxRegionsWorkflow,
  linkSalesChannelsToApiKeyWorkflow,
  linkSalesChannelsToStockLocationWorkflow,
  updateStoresWorkflow,
} from "@medusajs/medusa/core-flows";

const PRODUCTS = 1000;
const AT_ONCE = 50;
const WORDS = "linen cotton wool silk denim velvet jersey canvas tweed satin".split(" ");
const THINGS = "shirt kurta dress jacket skirt scarf trousers sweater coat blouse".split(" ");
const SIZES = ["S", "M", "L"];
const COLORS = ["Black", "White"];
const COUNTRIES = ["gb", "de", "dk", "se", "fr", "es", "it"];
const EUR = "eur";

const range = (count: number) => Array.from({ length: count }, (_, n) => n);

export default async function seed({ container }: ExecArgs) {
  const link = container.resolve(ContainerRegistrationKeys.LINK);
  const query = container.resolve(ContainerRegistrationKeys.QUERY);
  const fulfillment = container.resolve(Modules.FULFILLMENT);
  const [store] = await container.resolve(Modules.STORE).listStores();

  // where and to whom it sells
  const {
    result: [channel],
  } = await createSalesChannelsWorkflow(container).run({
    input: { salesChannelsData: [{ name: "Shop" }] },
  });
  await updateStoresWorkflow(container).run({
    input: {
      selector: { id: store.id },
      update: {
        supported_currencies: [{ currency_code: EUR, is_default: true }],
        default_sales_channel_id: channel.id,
      },
    },
  });
  const {
    result: [region],
  } = await createRegionsWorkflow(container).run({
    input: {
      regions: [
        {
          name: "Europe",
          currency_code: EUR,
          countries: COUNTRIES,
          payment_providers: ["pp_system_default"],
        },
      ],
    },
  });
  await createTaxRegionsWorkflow(container).run({
    input: COUNTRIES.map((country_code) => ({
      country_code,
      provider_id: "tp_system",
      default_tax_rate: { rate: 19, code: "vat", name: "VAT" },
    })) as any,
  });
  const {
    result: [key],
  } = await createApiKeysWorkflow(container).run({
    input: { api_keys: [{ title: "Shop", type: "publishable", created_by: "" }] },
  });
  await linkSalesChannelsToApiKeyWorkflow(container).run({
    input: { id: key.id, add: [channel.id] },
  });

  // how it delivers
  const {
    result: [location],
  } = await createStockLocationsWorkflow(container).run({
    input: {
      locations: [
        {
          name: "Warehouse",
          address: { city: "Berlin", country_code: "DE", address_1: "" },
        },
      ],
    },
  });
  const at = { [Modules.STOCK_LOCATION]: { stock_location_id: location.id } };
  await link.create({
    ...at,
    [Modules.FULFILLMENT]: { fulfillment_provider_id: "manual_manual" },
  });
  let [profile] = await fulfillment.listShippingProfiles({ type: "default" });
  if (!profile) {
    const made = await createShippingProfilesWorkflow(container).run({
      input: { data: [{ name: "Default", type: "default" }] },
    });
    profile = made.result[0] as any;
  }
  const set = await fulfillment.createFulfillmentSets({
    name: "Delivery",
    type: "shipping",
    service_zones: [
      {
        name: "Europe",
        geo_zones: COUNTRIES.map((country_code) => ({
          country_code,
          type: "country" as const,
        })),
      },
    ],
  });
  await link.create({ ...at, [Modules.FULFILLMENT]: { fulfillment_set_id: set.id } });
  await createShippingOptionsWorkflow(container).run({
    input: [
      {
        name: "Standard",
        price_type: "flat",
        provider_id: "manual_manual",
        service_zone_id: set.service_zones[0].id,
        shipping_profile_id: profile.id,
        type: { label: "Standard", description: "2-3 days", code: "standard" },
        prices: [
          { currency_code: EUR, amount: 10 },
          { region_id: region.id, amount: 10 },
        ],
        rules: [
          { attribute: "enabled_in_store", value: "true", operator: "eq" },
          { attribute: "is_return", value: "false", operator: "eq" },
        ],
      },
    ],
  });
  await linkSalesChannelsToStockLocationWorkflow(container).run({
    input: { id: location.id, add: [channel.id] },
  });

  // what it sells
  const { result: categories } = await createProductCategoriesWorkflow(container).run({
    input: {
      product_categories: range(20).map((n) => ({
        name: `Category ${n}`,
        handle: `category-${n}`,
        is_active: true,
      })),
    },
  });
  const describe = (n: number) => {
    const name = `${WORDS[n % 10]} ${THINGS[Math.floor(n / 10) % 10]}`;
    return {
      title: `${name} ${n}`,
      handle: `product-${n}`,
      status: ProductStatus.PUBLISHED,
      category_ids: [categories[n % 20].id],
      description: `A ${name} for every day. `.repeat(8),
      weight: 400,
      shipping_profile_id: profile.id,
      images: [1, 2, 3].map((k) => ({ url: `https://img.example/${n}-${k}.jpg` })),
      options: [
        { title: "Size", values: SIZES },
        { title: "Color", values: COLORS },
      ],
      variants: SIZES.flatMap((Size) =>
        COLORS.map((Color) => ({
          title: `${Size} / ${Color}`,
          sku: `P${n}-${Size}-${Color}`,
          options: { Size, Color },
          prices: [{ amount: 10 + (n % 90), currency_code: EUR }],
        })),
      ),
      sales_channels: [{ id: channel.id }],
    };
  };
  for (let from = 0; from < PRODUCTS; from += AT_ONCE) {
    await createProductsWorkflow(container).run({
      input: { products: range(AT_ONCE).map((n) => describe(from + n)) },
    });
  }
  const { data: items } = await query.graph({ entity: "inventory_item", fields: ["id"] });
  for (let from = 0; from < items.length; from += 1000) {
    await createInventoryLevelsWorkflow(container).run({
      input: {
        inventory_levels: items.slice(from, from + 1000).map((item) => ({
          location_id: location.id,
          stocked_quantity: 1000000,
          inventory_item_id: item.id,
        })),
      },
    });
  }
}
