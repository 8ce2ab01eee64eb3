"""What beat starts for the storefront."""

from celery_app import app
from storefront.product_feeds import writing


@app.task(name="storefront.write_product_feeds", time_limit=1800)
def write_product_feeds() -> None:
    """Write the feeds of products anew."""
    writing.write_feeds()
