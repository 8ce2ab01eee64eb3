"""The catalogue's tables: a file per noun."""

from products.models.bulk_change import BulkChange, BulkChangeRow, ImportFile
from products.models.category import Category, SizeChart, SizeChartEntry
from products.models.collection import (
    MAX_PICKED,
    Collection,
    CollectionOrder,
    CollectionProduct,
)
from products.models.color import Color
from products.models.facet_index import FacetBitmap, FacetChange, FacetNumber
from products.models.feed import Feed, FeedRow
from products.models.import_job import ImportJob, ImportLine, ImportPart
from products.models.imported import ImportedValues, PictureFetch
from products.models.notices import FeedPull, LowStock
from products.models.product import (
    FormerSlug,
    Gender,
    Product,
    ProductImage,
    ProductStatus,
)
from products.models.review import Fit, Purchase, Review, ReviewStatus
from products.models.search import IgnoredWord, SearchPin, SearchWord, SynonymGroup
from products.models.stock import (
    BackInStockRequest,
    InventoryPolicy,
    MovementKind,
    StockLevel,
    StockMovement,
)
from products.models.tax_class import TaxClass
from products.models.variant import PriceHistory, Variant

__all__ = [
    "MAX_PICKED",
    "BackInStockRequest",
    "BulkChange",
    "BulkChangeRow",
    "Category",
    "Collection",
    "CollectionOrder",
    "CollectionProduct",
    "Color",
    "FacetBitmap",
    "FacetChange",
    "FacetNumber",
    "Feed",
    "FeedPull",
    "FeedRow",
    "Fit",
    "FormerSlug",
    "Gender",
    "IgnoredWord",
    "ImportFile",
    "ImportJob",
    "ImportLine",
    "ImportPart",
    "ImportedValues",
    "InventoryPolicy",
    "LowStock",
    "MovementKind",
    "PictureFetch",
    "PriceHistory",
    "Product",
    "ProductImage",
    "ProductStatus",
    "Purchase",
    "Review",
    "ReviewStatus",
    "SearchPin",
    "SearchWord",
    "SizeChart",
    "SizeChartEntry",
    "StockLevel",
    "StockMovement",
    "SynonymGroup",
    "TaxClass",
    "Variant",
]
