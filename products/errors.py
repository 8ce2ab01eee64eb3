"""Every refusal of the catalogue and of its stock."""

from markrin.api.errors import Conflict, ShopError, map_constraint


class OutOfStock(ShopError):
    status, code, message = 409, "out_of_stock", "Not enough pieces are left."


class StockTooLow(ShopError):
    status, code, message = (
        409,
        "stock_too_low",
        "Fewer pieces would be left than are promised to orders.",
    )


class StockTooHigh(ShopError):
    status, code, message = (
        422,
        "stock_too_high",
        "More pieces than a shelf can hold.",
    )


class StockUntracked(ShopError):
    status, code, message = (
        409,
        "stock_untracked",
        "The stock of this variant is not counted.",
    )


class PiecesNotThere(ShopError):
    status, code, message = (
        409,
        "pieces_not_there",
        "Some of these pieces are on back order: they are not counted in yet.",
    )


class StockNotAsExpected(ShopError):
    status, code, message = (
        409,
        "stock_not_as_expected",
        "Another number of pieces can be sold than was expected.",
    )


class StockOnlyMoves(ShopError):
    status, code, message = (
        422,
        "stock_only_moves",
        "The stock of an existing variant is changed by an adjustment, not with the product.",
    )


class AlreadyInStock(ShopError):
    status, code, message = (
        409,
        "already_in_stock",
        "The variant can be bought now.",
    )


class SlugTaken(ShopError):
    status, code, message = 409, "slug_taken", "Another page has this slug."


class SkuTaken(ShopError):
    status, code, message = 409, "sku_taken", "Another variant has this SKU."


class VariantExists(ShopError):
    status, code, message = (
        409,
        "variant_exists",
        "The product has a variant of this size and colour.",
    )


class TooManyVariants(ShopError):
    status, code, message = (
        422,
        "too_many_variants",
        "The product has as many variants as it can have.",
    )


class TooManyImages(ShopError):
    status, code, message = (
        422,
        "too_many_images",
        "The product has as many images as it can have.",
    )


class ImageUnknown(ShopError):
    status, code, message = 422, "image_unknown", "The product has no such image."


class ImageOrderIncomplete(ShopError):
    status, code, message = (
        422,
        "image_order_incomplete",
        "The order must name each of the product's images once.",
    )


class SalePriceNotBelow(ShopError):
    status, code, message = (
        422,
        "sale_price_not_below",
        "The sale price must be below the base price.",
    )


class SaleDatesWrong(ShopError):
    status, code, message = 422, "sale_dates_wrong", "A sale ends after it starts."


class VariantPricesApart(ShopError):
    status, code, message = (
        422,
        "variant_prices_apart",
        "A variant has a base price of its own, or all of the product's prices.",
    )


class CategoryUnknown(ShopError):
    status, code, message = 422, "category_unknown", "There is no such category."


class TaxClassUnknown(ShopError):
    status, code, message = 422, "tax_class_unknown", "There is no such tax class."


class CategoryNameTaken(ShopError):
    status, code, message = (
        409,
        "category_name_taken",
        "Another category there has this name.",
    )


class CategoryNotEmpty(ShopError):
    status, code, message = (
        409,
        "category_not_empty",
        "The category still has products or categories below it.",
    )


class CategoryInUse(ShopError):
    status, code, message = (
        409,
        "category_in_use",
        "A promotion or a collection goes by this category.",
    )


class CollectionInUse(ShopError):
    status, code, message = (
        409,
        "collection_in_use",
        "A promotion goes by this collection.",
    )


class CollectionRuleEmpty(ShopError):
    status, code, message = (
        422,
        "collection_rule_empty",
        "A rule needs at least one condition.",
    )


class CollectionPricesWrong(ShopError):
    status, code, message = (
        422,
        "collection_prices_wrong",
        "The lowest price must not be above the highest.",
    )


class ProductUnknown(ShopError):
    status, code, message = 422, "product_unknown", "There is no such product."


class CategoryCycle(ShopError):
    status, code, message = (
        422,
        "category_cycle",
        "A category cannot lie below itself.",
    )


class CategoryTooDeep(ShopError):
    status, code, message = (
        422,
        "category_too_deep",
        "Categories can be 8 levels deep.",
    )


class SizeChartExists(ShopError):
    status, code, message = (
        409,
        "size_chart_exists",
        "The category has a size chart.",
    )


class AlreadyReviewed(ShopError):
    status, code, message = (
        409,
        "already_reviewed",
        "You have reviewed this product: change that review instead.",
    )


class FeedUnreadable(ShopError):
    status, code, message = 422, "feed_unreadable", "This is not an inventory feed."


class FeedSequenceTaken(ShopError):
    status, code, message = (
        409,
        "feed_sequence_taken",
        "The source has sent another feed with this sequence.",
    )


class FeedNotHeld(ShopError):
    status, code, message = (
        409,
        "feed_not_held",
        "The feed does not wait for a decision.",
    )


class NothingChosen(ShopError):
    status, code, message = 422, "nothing_chosen", "No product is chosen."


class BulkChangeTooLate(ShopError):
    status, code, message = (
        409,
        "bulk_change_too_late",
        "The bulk change is no longer where this is possible.",
    )


class ImportTooLate(ShopError):
    status, code, message = (
        409,
        "import_too_late",
        "The import is no longer where this is possible.",
    )


class ImportPartWrong(ShopError):
    status, code, message = (
        409,
        "import_part_wrong",
        "The file has not come whole. Choose it again: what has come is not sent twice.",
    )


# What two callers at once get past the services' own checks.
for _constraint, _error in {
    "products_product_slug_key": SlugTaken,
    "products_category_slug_key": SlugTaken,
    "products_collection_slug_key": SlugTaken,
    "collection_rule_says_something": CollectionRuleEmpty,
    "collection_prices_in_order": CollectionPricesWrong,
    "products_variant_sku_key": SkuTaken,
    "variant_once_per_product": VariantExists,
    "product_sale_price_below_base": SalePriceNotBelow,
    "variant_sale_price_below_base": SalePriceNotBelow,
    "product_sale_ends_after_start": SaleDatesWrong,
    "variant_sale_ends_after_start": SaleDatesWrong,
    "product_sale_dates_need_price": SaleDatesWrong,
    "variant_sale_dates_need_price": SaleDatesWrong,
    "variant_prices_together": VariantPricesApart,
    "category_name_once_per_parent": CategoryNameTaken,
    "category_not_its_own_parent": CategoryCycle,
    "category_tree_without_cycles": CategoryCycle,
    "category_tree_at_most_8_deep": CategoryTooDeep,
    "products_sizechart_category_id_key": SizeChartExists,
    "review_once_per_customer": AlreadyReviewed,
    "stock_level_on_hand_range": StockTooHigh,
    "product_image_one_per_position": Conflict,
    "feed_sequence_once": FeedSequenceTaken,
    "feed_content_once": FeedSequenceTaken,
}.items():
    map_constraint(_constraint, _error)
