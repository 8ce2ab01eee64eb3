from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_initial")]

    operations = [
        migrations.AddField(
            model_name="session",
            name="second_factor_at",
            field=models.DateTimeField(
                help_text="when a code of the second factor was last given", null=True
            ),
        ),
    ]
