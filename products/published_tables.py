"""The tables of the catalogue that SQL of apps above may name, with their columns.

A change of these is a change for others. `make check` refuses SQL that names more
(dev/sql_tables.py)."""

# What a statement may read.
READABLE: dict[str, str] = {
    "products_category": "id name",
    "products_taxclass": "id code",
    "products_product": "id name status category_id",
    "products_variant": "id product_id sku size color is_active",
    "products_stocklevel": (
        "variant_id on_hand reserved inventory_policy sellable"
    ),
    "products_stockmovement": "variant_id d_on_hand d_reserved created_at",
}
# What a bulk load may fill, such as the demo shop. The order is that of the rows.
LOADABLE: dict[str, str] = {
    "products_category": (
        "id created_at updated_at name slug description image parent_id position "
        "tax_class_id"
    ),
    "products_sizechart": "id created_at updated_at category_id title note",
    "products_sizechartentry": "chart_id size measure min_cm max_cm row column",
    "products_product": (
        "id created_at updated_at name slug description category_id brand collection "
        "gender material base_price sale_price tags is_featured is_new_arrival status "
        "seo_title seo_description in_stock colors sizes stocked_colors stocked_sizes "
        "popularity rated_1 rated_2 rated_3 rated_4 rated_5 fit_small fit_true "
        "fit_large source source_ref source_hash"
    ),
    "products_variant": (
        "id created_at updated_at product_id sku size color position is_active"
    ),
    "products_stocklevel": (
        "variant_id on_hand reserved counted_at inventory_policy"
    ),
    "products_stockmovement": "variant_id kind d_on_hand d_reserved ref created_at",
    "products_productimage": (
        "id created_at updated_at product_id file external_url alt_text thumbnails "
        "width height position color"
    ),
    "products_review": (
        "id created_at updated_at product_id user_id rating comment fit verified_buyer "
        "status"
    ),
    "products_purchase": "user_id product_id created_at",
}
