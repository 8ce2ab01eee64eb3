"""An app that breaks down in every place there is. The product has no such code: its real
processes load this one by `DJANGO_SETTINGS_MODULE=tests.observe.crashing.settings`."""
