"""Every refusal of the catalogue and of its stock."""

from markrin.errors import ShopError


class OutOfStock(ShopError):
    status, code, message = 409, "out_of_stock", "Not enough pieces are left."


class StockTooLow(ShopError):
    status, code, message = 409, "stock_too_low", "Fewer pieces would be left than are promised to orders."
