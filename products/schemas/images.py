"""What staff send about a picture that stands elsewhere."""

from markrin.api import fields
from markrin.api.schemas import InputSchema


class LinkImage(InputSchema):
    url = fields.HttpsUrl(required=True)
    alt_text = fields.Text(max=200, min=0, load_default="")
