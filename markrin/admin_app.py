"""Makes ours the admin site that `django.contrib.admin.site` is."""

from django.contrib.admin.apps import AdminConfig


class ShopAdminConfig(AdminConfig):
    default_site = "markrin.admin_site.AdminSite"
    default = False
