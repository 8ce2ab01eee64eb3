"""Coupons become promotions with codes: the tables are made anew by the next migration."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("orders", "0004_fulfilments")]
    operations = [
        migrations.RemoveField(model_name="cart", name="coupon"),
        migrations.DeleteModel(name="CouponUse"),
        migrations.DeleteModel(name="Coupon"),
    ]
