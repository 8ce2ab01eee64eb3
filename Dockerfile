# syntax=docker/dockerfile:1
# One image, four roles: `docker run markrin web|worker QUEUE|relay|beat|manage …`

FROM python:3.11-slim-bookworm AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
COPY requirements.txt .
RUN /opt/venv/bin/pip install --require-hashes -r requirements.txt

FROM node:20-bookworm-slim AS storefront
WORKDIR /frontend
COPY frontend .
RUN npm ci --no-audit --no-fund && npm run build

FROM python:3.11-slim-bookworm
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=markrin.settings \
    LOCAL_DIR=/srv/markrin \
    STATIC_ROOT=/app/static \
    PORT=8000
RUN useradd --system --uid 10001 --create-home --home-dir /srv/markrin markrin
WORKDIR /app
COPY --from=packages /opt/venv /opt/venv
COPY . .
COPY --from=storefront /frontend/shop/dist frontend/shop/dist
# The settings want their secrets at start; collecting static files uses none of them. What is under MEDIA_ROOT
# (/srv/markrin/media) belongs on a volume.
RUN SECRET_KEY=only-for-collectstatic-0000000000000000000000000000000000 DEBUG=0 \
    python manage.py collectstatic --no-input --verbosity 0 --skip-checks \
    && chmod 0755 docker-entrypoint.sh
USER markrin
EXPOSE 8000
VOLUME /srv/markrin
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["./docker-entrypoint.sh", "healthy"]
ENTRYPOINT ["./docker-entrypoint.sh"]
CMD ["web"]
