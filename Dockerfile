# syntax=docker/dockerfile:1
# One image for every part of the shop: `docker run markrin web|worker QUEUE|relay|beat|manage COMMAND`.
# Base images are named by digest, so that a rebuild is the same; docs/deployment.md says how to take newer ones.

FROM python:3.11-slim-bookworm@sha256:528257d48c1da0dcecc2e725d1ae34498d60c965f1241e39cd6a85a8859bdf84 AS packages
WORKDIR /build
COPY requirements.txt .
# Without pip in it: nothing is installed into a running container.
RUN python -m venv --without-pip /opt/venv \
    && pip --python /opt/venv/bin/python install --disable-pip-version-check --no-cache-dir --require-hashes \
       -r requirements.txt

FROM node:20-bookworm-slim@sha256:2cf067cfed83d5ea958367df9f966191a942351a2df77d6f0193e162b5febfc0 AS storefront
WORKDIR /frontend
COPY frontend .
RUN npm ci --no-audit --no-fund && npm run build

FROM python:3.11-slim-bookworm@sha256:528257d48c1da0dcecc2e725d1ae34498d60c965f1241e39cd6a85a8859bdf84
ARG RELEASE=""
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=markrin.settings \
    LOCAL_DIR=/srv/markrin \
    STATIC_ROOT=/app/static \
    DRAIN_FILE=/tmp/draining \
    PORT=8000 \
    RELEASE=$RELEASE
RUN useradd --system --uid 10001 --create-home --home-dir /srv/markrin markrin
WORKDIR /app
COPY --from=packages /opt/venv /opt/venv
COPY manage.py celery_app.py docker-entrypoint.sh ./
COPY accounts accounts
COPY analytics analytics
COPY demo demo
COPY locale locale
COPY markrin markrin
COPY orders orders
COPY products products
COPY storefront storefront
COPY templates templates
COPY --from=storefront /frontend/shop/dist frontend/shop/dist
# The settings want their secrets at start; collecting static files uses none of them. Bytecode is made here, as the
# running user may write nothing below /app.
RUN chmod 0755 docker-entrypoint.sh \
    && SECRET_KEY=only-for-collectstatic python manage.py collectstatic --no-input --verbosity 0 --skip-checks \
    && python -m compileall -q . \
    && rm -rf /srv/markrin/* && mkdir /srv/markrin/media && chown markrin: /srv/markrin/media
ENV PYTHONDONTWRITEBYTECODE=1
USER 10001
EXPOSE 8000
# Uploaded and generated pictures.
VOLUME /srv/markrin/media
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["./docker-entrypoint.sh", "healthy"]
ENTRYPOINT ["./docker-entrypoint.sh"]
CMD ["web"]
