"""The admin as an app: its site, and what it remembers for a member of staff."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class ShopAdminConfig(AdminConfig):
    """`django.contrib.admin` with our site for its default one."""

    default_site = "markrin.admin.site.AdminSite"
    default = False


class AdminToolsConfig(AppConfig):
    """Filters and exports that staff saved; the log of what they changed."""

    name = "markrin.admin"
    label = "shop_admin"
    verbose_name = "Saved in the admin"
    default = True

    def ready(self) -> None:
        from markrin.admin import (
            audit_page,  # noqa: F401 (registers the page)
            recent_factor,
        )

        recent_factor.connect()
