"""Every setting, by section, read from the environment (docs/settings.md lists them).

What is safe everywhere has a default. A secret or an address has one only in DEBUG;
`markrin/checks.py` refuses to start and names the setting otherwise."""

import gc
from decimal import Decimal
from pathlib import Path

import environ

import markrin
from markrin import files
from markrin.media_storage import describe_media_storage

# Loading the apps makes a million objects that stay. To look for circles among them meanwhile
# takes a fifth of the time; markrin.ops.apps turns the search on again.
gc.disable()

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent

# --- The process ---------------------------------------------------------------------------------
DEBUG = env.bool("DEBUG", False)
LOCAL_DIR = Path(env.str("LOCAL_DIR", str(BASE_DIR / ".local")))
SECRET_KEY = env.str("SECRET_KEY", "debug-only-" + "0" * 50 if DEBUG else "")
SECRET_KEY_FALLBACKS = env.list(
    "SECRET_KEY_FALLBACKS", default=[]
)  # former ones, whose links in mails are still taken
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["*"] if DEBUG else [])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
TRUSTED_PROXIES = env.list(
    "TRUSTED_PROXIES", default=[]
)  # addresses or networks whose X-Forwarded-For is believed
DRAIN_FILE = env.str(
    "DRAIN_FILE", ""
)  # while this file exists /health/live says 503: docker-entrypoint.sh stops by it
RELEASE = env.str("RELEASE", "")
ENVIRONMENT = env.str("ENVIRONMENT", "development" if DEBUG else "production")

ROOT_URLCONF = "markrin.urls"
WSGI_APPLICATION = "markrin.wsgi.application"
APPEND_SLASH = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.User"

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",  # not the one that would replace our admin site
    "unfold.contrib.filters",
    "unfold.contrib.import_export",
    "markrin.admin.apps.ShopAdminConfig",  # django.contrib.admin with our site
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "corsheaders",
    "csp",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "django_celery_results",
    "django_structlog",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "import_export",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "markrin",
    "markrin.outbox",
    "markrin.cache",
    "markrin.webhooks",
    "markrin.ops",
    "markrin.admin.apps.AdminToolsConfig",
    "products",
    "accounts",
    "orders",
    "storefront",
    "analytics",
    "demo",
]

MIDDLEWARE = [
    "accounts.middleware.stamp_arrival",
    "markrin.observe.requests.RequestLog",
    "markrin.api.security_headers.add_headers",
    "markrin.ops.health.probe_middleware",
    "corsheaders.middleware.CorsMiddleware",  # outside of whatever may refuse: a page reads why
    "markrin.cache.middleware.AnswerCache",
    "markrin.db.replica.CatalogueReads",
    "markrin.api.problems.ProblemMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",  # a CDN may ask by another host's name
    "django.middleware.common.CommonMiddleware",
    "markrin.page_middleware.PagesOnly",  # the API's data passes by what follows
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "markrin.page_middleware.Views",
]

TEMPLATES: list[dict[str, object]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- The shop ------------------------------------------------------------------------------------
SHOP_NAME = env.str("SHOP_NAME", "Markrin")
SHOP_URL = env.str(
    "SHOP_URL", "http://localhost:8000" if DEBUG else ""
)  # where mails link to
SLUG_LETTERS = env.str(
    "SLUG_LETTERS", "ascii"
)  # of addresses made from names: "ascii", or "own" for the name's own script
SHOP_CURRENCY = env.str("SHOP_CURRENCY", "INR")  # ISO 4217
SHOP_COUNTRY = env.str(
    "SHOP_COUNTRY", "IN"
)  # ISO 3166-1: the default for telephone numbers and addresses
SHOP_TIME_ZONE = env.str(
    "SHOP_TIME_ZONE", "Asia/Kolkata"
)  # IANA: the days of reports, the admin's clock
SHIPPING_FREE_ABOVE = Decimal(
    env.str("SHIPPING_FREE_ABOVE", "1000.00")
)  # shop currency
SHIPPING_FEE = Decimal(env.str("SHIPPING_FEE", "50.00"))  # shop currency
TAX_INCLUDED = env.bool(
    "TAX_INCLUDED", True
)  # whether the prices shown contain the tax
GUEST_CHECKOUT = env.bool("GUEST_CHECKOUT", True)
SHOP_COUNTRIES = env.list(
    "SHOP_COUNTRIES", default=[SHOP_COUNTRY]
)  # ISO 3166-1: that addresses may be in, as the storefront offers them
RETURN_WINDOW_DAYS = env.int(
    "RETURN_WINDOW_DAYS", 30
)  # after the delivery, as the storefront says; 0: it says nothing
RETURN_SEND_DAYS = env.int(
    "RETURN_SEND_DAYS", 21
)  # after a return's approval, until which its pieces must have arrived
WITHDRAWAL_DAYS = env.int(
    "WITHDRAWAL_DAYS", 0
)  # after the delivery, in which a customer may withdraw from the contract; 14 in the EU
SHOP_CONTACT_EMAIL = env.str("SHOP_CONTACT_EMAIL", "")
SHOP_CONTACT_PHONE = env.str("SHOP_CONTACT_PHONE", "")  # as people write it
CHECKOUTS_AT_ONCE = env.int(
    "CHECKOUTS_AT_ONCE", 4
)  # transactions of checkout at once in one web process
DEMO_PASSWORD = env.str(
    "DEMO_PASSWORD", "demo-shop" if DEBUG else ""
)  # of load_demo's people; empty: a random one, printed
# Inventory feeds that are fetched: {"warehouse": {"url": "https://…", "mode": "count",
# "authorization": "Bearer …"}}
FEEDS: dict[str, dict[str, str]] = env.json("FEEDS", default={})
FEED_MAX_BYTES = env.int("FEED_MAX_BYTES", 200_000_000)
# Networks that the shop may call although they are not public, over http as well, where others
# name the address: webhooks and pictures. For development alone.
OUTBOUND_NETWORKS: list[str] = env.list(
    "OUTBOUND_NETWORKS", default=["127.0.0.0/8", "::1/128"] if DEBUG else []
)
WEBHOOK_KEEP_DAYS = env.int(
    "WEBHOOK_KEEP_DAYS", 30
)  # how long events can be listed, and sent again
LOW_STOCK_AT = env.int(
    "LOW_STOCK_AT", 3
)  # sellable pieces of a variant at which staff are told

# What stands on invoices.
SHOP_ADDRESS = env.str(
    "SHOP_ADDRESS", "", multiline=True
)  # as many lines as it has
SHOP_TAX_ID = env.str("SHOP_TAX_ID", "")  # in India the GSTIN
# When an order is invoiced: shipped, each parcel as it leaves; or paid, all of it at once.
INVOICE_AT = env.str("INVOICE_AT", "shipped")
FINANCIAL_YEAR_STARTS = env.int(
    "FINANCIAL_YEAR_STARTS", 4 if SHOP_COUNTRY == "IN" else 1
)  # its first month; numbers of invoices begin anew
INVOICE_KEEP_MONTHS = env.int(
    "INVOICE_KEEP_MONTHS", 72
)  # after the end of the financial year; then erased persons are erased from invoices, too
INVOICE_BY_MAIL = env.bool(
    "INVOICE_BY_MAIL", False
)  # invoices and credit notes go to the customer by mail
INVOICE_FONTS = env.list(
    "INVOICE_FONTS", default=[]
)  # font files for letters that Inter lacks

# Codes of gift cards are found and encrypted by these: the first for new ones, all for old ones
# (docs/gift-cards.md). Whoever loses them can read no code any more.
GIFT_CARD_KEYS = env.list(
    "GIFT_CARD_KEYS", default=["debug-only-" + "2" * 50] if DEBUG else []
)
GIFT_CARD_LIFE_DAYS = env.int(
    "GIFT_CARD_LIFE_DAYS", 3 * 365
)  # of those that are sold; 0: they do not expire

# --- Payments: cash on delivery needs none of this -----------------------------------------------
ONLINE_PROVIDER = env.str(
    "ONLINE_PROVIDER", "test" if DEBUG else ""
)  # test, stripe or razorpay; empty: no online payments
# hosted: on the provider's page; embedded: its form inside the shop's own page
PAYMENT_FORM = env.str("PAYMENT_FORM", "hosted")
# Seconds until an unpaid online order is cancelled. A provider's page stays open for half an hour
# at least, the test gateway's does not.
ORDER_UNPAID_TTL_S = env.int(
    "ORDER_UNPAID_TTL_S", 2100 if ONLINE_PROVIDER in ("stripe", "razorpay") else 900
)
# Seconds for which the link to pay of an order by telephone is good. Stripe's pages stay open
# for a day at most.
ORDER_LINK_TTL_S = env.int("ORDER_LINK_TTL_S", 82_800)
TEST_GATEWAY_IN_PUBLIC = env.bool(
    "TEST_GATEWAY_IN_PUBLIC", False
)  # made-up money outside DEBUG, as on a stage
STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", "")
STRIPE_PUBLIC_KEY = env.str("STRIPE_PUBLIC_KEY", "")
STRIPE_WEBHOOK_SECRET = env.str("STRIPE_WEBHOOK_SECRET", "")
STRIPE_API_BASE = env.str(
    "STRIPE_API_BASE", ""
)  # for a stand-in; empty: Stripe's own
RAZORPAY_KEY_ID = env.str("RAZORPAY_KEY_ID", "")
RAZORPAY_KEY_SECRET = env.str("RAZORPAY_KEY_SECRET", "")
RAZORPAY_WEBHOOK_SECRET = env.str("RAZORPAY_WEBHOOK_SECRET", "")
RAZORPAY_API_BASE = env.str(
    "RAZORPAY_API_BASE", ""
)  # for a stand-in; empty: Razorpay's own

# --- Database ------------------------------------------------------------------------------------
DATABASES = {"default": env.db_url("DATABASE_URL", default="postgres:///markrin")}
DATABASES["default"]["CONN_MAX_AGE"] = env.int("DATABASE_CONN_MAX_AGE_S", 60)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"]["ATOMIC_REQUESTS"] = (
    False  # a service owns its transaction: style of the code, and auth's safety
)
# A network that is cut says nothing: without these a thread waits two minutes for a connection,
# and up to fifteen for an answer (Linux's own limits). DATABASE_URL may say otherwise, as in
# ?connect_timeout=5. Source: libpq, "Database Connection Control Functions".
DATABASES["default"]["OPTIONS"] = {
    "connect_timeout": 3,
    "tcp_user_timeout": 10_000,  # ms that what was sent may stay unacknowledged
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
} | DATABASES["default"].get("OPTIONS", {})
# DATABASE_URL leads to a pooler in transaction mode (PgBouncer): no cursor outlives its
# transaction, and no prepared statement is kept.
DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = env.bool(
    "DATABASE_POOLED", False
)
if DATABASE_REPLICA_URL := env.str(
    "DATABASE_REPLICA_URL", ""
):  # a streaming standby, for catalogue reads
    DATABASES["replica"] = DATABASES["default"] | env.db_url_config(
        DATABASE_REPLICA_URL
    )
    DATABASES["replica"]["OPTIONS"] = {"connect_timeout": 2} | DATABASES[
        "replica"
    ].get("OPTIONS", {})
    DATABASES["replica"]["TEST"] = {"MIRROR": "default"}
# How long a request waits for the standby to have what the primary has, before it asks the
# primary instead.
DATABASE_REPLICA_WAIT_MS = env.int("DATABASE_REPLICA_WAIT_MS", 20)

# --- The web process: markrin/server ----------------------------------------------------------
WEB_THREADS = env.int(
    "WEB_THREADS", 8
)  # requests that one process works on at once
REQUEST_BODY_S = env.float(
    "REQUEST_BODY_S", 10.0
)  # for a body's beginning, then REQUEST_BODY_RATE
REQUEST_BODY_RATE = env.int(
    "REQUEST_BODY_RATE", 16_384
)  # bytes a second that a body must keep up
REQUEST_MAX_BYTES = env.int("REQUEST_MAX_BYTES", 25_000_000)  # of any body
REQUEST_QUEUE_S = env.float(
    "REQUEST_QUEUE_S", 20.0
)  # how long a request waits for a thread: then 503
RESPONSE_STALLED_S = env.float(
    "RESPONSE_STALLED_S", 30.0
)  # a reader who takes nothing is hung up on

# --- Cache ---------------------------------------------------------------------------------------
CACHE_URL = env.str("CACHE_URL", "redis://localhost:6379/0" if DEBUG else "")
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": CACHE_URL,
        "KEY_PREFIX": env.str("CACHE_KEY_PREFIX", "markrin"),
        "OPTIONS": {
            "CLIENT_CLASS": "django_redis.client.DefaultClient",
            "SOCKET_CONNECT_TIMEOUT": 0.05,
            "SOCKET_TIMEOUT": 0.1,
        },
    }
}

# host:port of each Sentinel; CACHE_URL then has the watched name for a host, as in
# redis://markrin/0
if CACHE_SENTINELS := env.list("CACHE_SENTINELS", default=[]):
    CACHES["default"]["OPTIONS"] |= {
        "CONNECTION_FACTORY": "django_redis.pool.SentinelConnectionFactory",
        "SENTINELS": [
            (host, int(port))
            for host, _, port in (each.rpartition(":") for each in CACHE_SENTINELS)
        ],
    }

# Where rate limits are counted. A server that evicts nothing: whoever fills the cache would else
# have the counters evicted.
LIMITS_URL = env.str("LIMITS_URL", CACHE_URL)

CACHE_ANSWERS = env.bool(
    "CACHE_ANSWERS", True
)  # whether catalogue answers are kept at all
CACHE_MEMORY_BYTES = env.int(
    "CACHE_MEMORY_BYTES", 64 * 1024 * 1024
)  # of catalogue answers in each web process
CACHE_CDN_TTL_S = env.int(
    "CACHE_CDN_TTL_S", 0
)  # s-maxage, for shops whose CDN is purged on change

# --- API -----------------------------------------------------------------------------------------
REST_FRAMEWORK: dict[str, object] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.tokens.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["markrin.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["markrin.api.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "markrin.api.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["markrin.api.throttle.ApiThrottle"],
    "EXCEPTION_HANDLER": "markrin.api.problems.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS: dict[str, object] = {
    "TITLE": "Markrin",
    "VERSION": markrin.__version__,
    "OAS_VERSION": "3.1.0",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api",
    "SERVE_AUTHENTICATION": [],
    "POSTPROCESSING_HOOKS": [],  # enumerations stay where they are used
    "APPEND_COMPONENTS": {
        "securitySchemes": {
            "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
        }
    },
}
# What one client may do, as requests/seconds, by the names that stand in settings.py:
# "login_network=200/300,register=20/3600" changes two of them.
RATE_LIMITS: dict[str, str] = (
    {
        "api": "2000/900",  # of a user, or else a network
        "login_account_network": "5/300",  # failures
        "login_network": "100/300",  # failures
        # failures, beyond which only networks known from a sign-in may go on trying
        "login_account": "50/3600",
        "refresh_session": "30/60",
        "refresh_network": "300/60",
        "register": "5/3600",  # of a network
        "forgot_account": "3/3600",
        "forgot_network": "20/3600",
        "mail_token": "20/3600",  # reset and verification links tried by a network
        "password": "5/300",  # current passwords tried by a signed-in user
        "second_factor": "10/300",  # codes tried by a user
        # Orders that nobody has paid for: guests', and those to be paid at the door. An order in a
        # stranger's name mails him once, so these bound the mails, too.
        "order_email": "5/3600",
        "order_phone": "5/3600",
        "order_network": "30/3600",
        "order_account": "20/3600",  # of a signed-in customer
        "order_lookup_network": "20/3600",  # orders looked up by number and address
        "order_lookup_number": "10/3600",  # of one number
        "order_pieces_email": "60/86400",  # pieces, not orders
        "order_pieces_phone": "60/86400",
        "order_pieces_network": "200/86400",
        "order_variant_network": "20/86400",  # pieces of one variant, for each of the three
        "wish_email": "10/86400",  # mails asked for when a variant is back
        "wish_network": "30/86400",
        "gift_card_network": "10/600",  # codes of gift cards that are none, of a network
        "gift_card_customer": "10/600",  # … and of a signed-in customer
        "coupon_network": "30/600",  # codes of coupons that are none, of a network
        "coupon_customer": "30/600",  # … and of a signed-in customer
        "return_order": "10/86400",  # returns asked for, of one order: each is mailed
        "review_customer": "20/86400",  # reviews written by one, who need not have bought
        "payment_order": "30/3600",  # payments opened for one order: each asks the provider
    }
    | env.dict("RATE_LIMITS", default={})
)
RATE_LIMIT_SCALE = env.float("RATE_LIMIT_SCALE", 1.0)  # multiplies every limit

# What a lower app lets a higher one join (its hooks.py): each function runs in the caller's
# transaction, in this order.
HOOKS: dict[str, list[str]] = {
    "factor_given": ["accounts.services.second_factor.log_admin_factor"],
    "signed_in": ["orders.services.carts.merge_guest_cart"],
    "email_verified": ["orders.services.privacy.attach_guest_orders"],
    "export": ["orders.services.privacy.export_customer"],
    "erase": ["orders.services.privacy.erase_customer"],
    "request_addresses": ["accounts.timeline.find_addresses"],
    "list_public_events": [
        "accounts.public_events.list_events",
        "orders.public_events.list_events",
        "products.public_events.list_events",
    ],
    "import_rows": [
        "accounts.services.customer_import.import_rows",
        "orders.services.past_orders.import_rows",
        "orders.services.discount_import.import_rows",
        "storefront.redirects.import_rows",
    ],
    "list_archive_tables": ["storefront.redirects.list_archive_tables"],
    "list_vain_searches": ["analytics.selectors.searches.list_vain_searches"],
    "list_popular_searches": ["analytics.selectors.searches.list_popular_searches"],
    "count_waiting_pieces": ["orders.waiting_pieces.count_waiting_pieces"],
    "list_promotions": ["orders.promotion_terms.list_promotions"],
    "trace_find": ["orders.timeline.find"],
    "trace_tell": ["accounts.timeline.tell", "orders.timeline.tell"],
}

# --- Sign-in -------------------------------------------------------------------------------------
# [{"kid": …, "secret": …}], the first signs and all verify; `manage.py new_signing_key` makes one.
JWT_KEYS: list[dict[str, str]] = env.json(
    "JWT_KEYS",
    default=[{"kid": "debug", "secret": "debug-only-" + "1" * 50}] if DEBUG else [],
)
JWT_ISSUER = env.str("JWT_ISSUER", "markrin")
JWT_AUDIENCE = env.str("JWT_AUDIENCE", "markrin-api")
# SimpleJWT's own views are not routed; should any of its own tokens be made nevertheless,
# nothing of ours verifies it.
SIMPLE_JWT = {"USER_ID_CLAIM": "sub", "UPDATE_LAST_LOGIN": False}
ACCESS_TTL_S = env.int("ACCESS_TTL_S", 900)
REFRESH_IDLE_S = env.int(
    "REFRESH_IDLE_S", 7 * 86_400
)  # a session unused for so long has ended
SESSION_TTL_S = env.int(
    "SESSION_TTL_S", 30 * 86_400
)  # and one that began so long ago
STAFF_REFRESH_IDLE_S = env.int("STAFF_REFRESH_IDLE_S", 3600)
STAFF_SESSION_TTL_S = env.int("STAFF_SESSION_TTL_S", 12 * 3600)
REFRESH_RETRY_S = env.int(
    "REFRESH_RETRY_S", 300
)  # how long a lost answer may be asked for again
SESSIONS_PER_USER = env.int("SESSIONS_PER_USER", 20)
SESSION_KEEP_ENDED_S = env.int("SESSION_KEEP_ENDED_S", 30 * 86_400)
REAUTHENTICATION_S = env.int(
    "REAUTHENTICATION_S", 600
)  # how long a given password counts for sensitive calls
RESET_TOKEN_TTL_S = env.int("RESET_TOKEN_TTL_S", 1800)
VERIFY_TOKEN_TTL_S = env.int("VERIFY_TOKEN_TTL_S", 86_400)
# Off only for development over http, where a browser would not take the cookie: then it
# also loses its __Host- prefix.
REFRESH_COOKIE_SECURE = env.bool("REFRESH_COOKIE_SECURE", not DEBUG)
ADMIN_SECOND_FACTOR = env.bool(
    "ADMIN_SECOND_FACTOR", not DEBUG
)  # staff give a code besides the password
OTP_TOTP_ISSUER = SHOP_NAME
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTHENTICATION_BACKENDS = ["accounts.backends.PasswordBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "accounts.password_rules.LengthValidator"},
    {"NAME": "accounts.password_rules.KnownPasswordValidator"},
    {"NAME": "accounts.password_rules.ContextWordsValidator"},
]
LOGIN_URL = "admin:login"
SESSION_COOKIE_AGE = STAFF_SESSION_TTL_S  # of the admin's sessions
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEBUG
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"

# --- Browser security ----------------------------------------------------------------------------
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", not DEBUG)
SECURE_HSTS_SECONDS = 0 if DEBUG else env.int("SECURE_HSTS_SECONDS", 31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not DEBUG
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
)
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Pages of other origins that may call the API with credentials; exact, such as https://shop.example
CORS_ALLOWED_ORIGINS = env.list("CORS_ALLOWED_ORIGINS", default=[])
CORS_ALLOW_CREDENTIALS = True
CORS_URLS_REGEX = r"^/(api|media)/"
CORS_ALLOW_HEADERS = [
    "authorization",
    "content-type",
    "idempotency-key",
    "x-markrin-client",
    "x-cart-token",
    "x-order-token",
]
CORS_EXPOSE_HEADERS = [
    "Content-Disposition",
    "ETag",
    "Idempotency-Replayed",
    "Retry-After",
    "X-Request-Id",
]
CORS_PREFLIGHT_MAX_AGE = 600
# Whose pages may use the refresh cookie: the shop's own and those above.
AUTH_ORIGINS = env.list(
    "AUTH_ORIGINS", default=[SHOP_URL.rstrip("/"), *CORS_ALLOWED_ORIGINS]
)
# Source: W3C Content Security Policy Level 3. markrin/admin/site.py adds what the admin's
# pages need.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": [
            "'self'",
            "data:",
            "blob:",
            "https:",
        ],  # a product's image may be a link
        "font-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

# --- The admin (django-unfold) -------------------------------------------------------------------
UNFOLD: dict[str, object] = {
    "SITE_TITLE": SHOP_NAME,
    "SITE_HEADER": SHOP_NAME,
    "SITE_SUBHEADER": "Admin",
    "SITE_SYMBOL": "storefront",
    "SITE_URL": "/",
    "SHOW_BACK_BUTTON": True,
    "STYLES": ["markrin.admin.menu.stylesheet_url"],
    "SCRIPTS": ["markrin.admin.menu.script_url", "orders.admin.desk.script_url"],
    "DASHBOARD_CALLBACK": "analytics.admin.dashboard.add_dashboard",
    "SIDEBAR": {
        "show_search": True,
        "show_all_applications": True,
        "navigation": "markrin.admin.menu.build_navigation",
    },
}

# --- Language and time ---------------------------------------------------------------------------
LANGUAGE_CODE = env.str("LANGUAGE_CODE", "en")
SHOP_LANGUAGES = env.list(
    "SHOP_LANGUAGES", default=[LANGUAGE_CODE]
)  # that mails may be in; locale/ has en and hi, and ar for mails about orders
LANGUAGES = [(code, code) for code in SHOP_LANGUAGES]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = SHOP_TIME_ZONE
USE_TZ = True
USE_I18N = True
FORMAT_MODULE_PATH = ["markrin.formats"]

# --- Files ---------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", str(LOCAL_DIR / "static")))
STOREFRONT_DIR = Path(
    env.str("STOREFRONT_DIR", str(BASE_DIR / "frontend/shop/dist"))
)  # what `npm run build` makes
if STOREFRONT_DIR.is_dir():  # WhiteNoise warns of a folder that is not there
    WHITENOISE_ROOT = STOREFRONT_DIR
WHITENOISE_ADD_HEADERS_FUNCTION = files.add_headers
# Names that hold a hash of the content: Vite's, and those of Django's manifest storage.
WHITENOISE_IMMUTABLE_FILE_TEST = (
    r"^/assets/[^/]+-[\w-]{8}\.\w+$|^/static/.+\.[0-9a-f]{12}\.\w+$"
)
MEDIA_URL = "/media/"
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", str(LOCAL_DIR / "media")))
# Where pictures are kept: empty is MEDIA_ROOT; else s3://bucket/folder?endpoint=https://…
MEDIA_STORAGE = env.str("MEDIA_STORAGE", "")
STORAGES = {
    "default": describe_media_storage(MEDIA_STORAGE),
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440

# --- Mail ----------------------------------------------------------------------------------------
MAIL_DIR = Path(env.str("MAIL_DIR", str(LOCAL_DIR / "mail")))
MAIL_FROM = DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str(
    "MAIL_FROM", "shop@markrin.invalid"
)
MAIL_DOMAIN = env.str("MAIL_DOMAIN", "markrin.invalid")
STAFF_MAIL = env.list(
    "STAFF_MAIL", default=[]
)  # who learns of low stock and of payments that need a person
EMAIL_TIMEOUT = env.int("EMAIL_TIMEOUT_S", 10)
MAIL_IDEMPOTENCY_HEADER = env.str(
    "MAIL_IDEMPOTENCY_HEADER", ""
)  # the provider's, e.g. Resend-Idempotency-Key
# A shop's own wording of a mail is a file of the same name in a folder of its own, which is
# looked in first.
MAIL_TEMPLATES = [
    *env.list("MAIL_TEMPLATES", default=[]),
    str(BASE_DIR / "templates" / "mail"),
]
# smtp+tls://user:password@host:587, or EMAIL_BACKEND for one of anymail's; a file per mail
# in MAIL_DIR where DEBUG. SMTPBackend keeps its connections for the next mail; Django's own,
# django.core.mail.backends.smtp.EmailBackend, opens one for each.
EMAIL_URL = env.str("EMAIL_URL", "")
if EMAIL_URL:
    globals().update(env.email_url_config(EMAIL_URL))
EMAIL_BACKEND = env.str(
    "EMAIL_BACKEND",
    "markrin.mail.backends.SMTPBackend"
    if EMAIL_URL or not DEBUG
    else "markrin.mail.backends.FileBackend",
)

# --- Logs, errors, metrics -----------------------------------------------------------------------
LOG_FORMAT = env.str(
    "LOG_FORMAT", "console" if DEBUG else "json"
)  # console, or json: an object a line
LOG_FILE = env.str("LOG_FILE", "")  # empty: standard output
LOG_LEVEL = env.str("LOG_LEVEL", "INFO")
LOGGING_CONFIG = None  # markrin/observe/logs.py sets logging up
SENTRY_DSN = env.str(
    "SENTRY_DSN", ""
)  # empty: errors are logged, and reported nowhere
SENTRY_TRACES_SAMPLE_RATE = env.float(
    "SENTRY_TRACES_SAMPLE_RATE", 0.0
)  # from 0 to 1
METRICS_NETWORKS = env.list(
    "METRICS_NETWORKS", default=["127.0.0.0/8", "::1/128"]
)  # who may read /metrics

# --- Jobs (Celery): see celery_app.py and markrin/outbox -----------------------------------------
CELERY_BROKER_URL = env.str(
    "CELERY_BROKER_URL", "redis://localhost:6379/1" if DEBUG else ""
)
# Without a timeout a publish to a broker that accepts but never answers would wait for ever.
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object] = (
    {
        "connect_timeout": 1,
        "read_timeout": 5,
        "write_timeout": 2,
        "confirm_publish": True,
    }
    if CELERY_BROKER_URL.startswith(("amqp", "pyamqp"))
    else {
        "socket_timeout": 2,
        "socket_connect_timeout": 1,
        "socket_keepalive": True,
        "health_check_interval": 10,
    }
)
if BROKER_MASTER := env.str(
    "CELERY_BROKER_MASTER", ""
):  # the watched name, for sentinel://host:26379;sentinel://…
    CELERY_BROKER_TRANSPORT_OPTIONS["master_name"] = BROKER_MASTER
CELERY_TASK_PUBLISH_RETRY_POLICY = {
    "max_retries": 0
}  # the row is the retry; publish_retry=False would wait 6 s
CELERY_BROKER_POOL_ACQUIRE_TIMEOUT = 2
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker never gives up reconnecting
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Nor where the broker answers and refuses: no memory left, a full disk, a replica, no replicas.
CELERY_BROKER_CHANNEL_ERROR_RETRY = True
CELERY_TASK_ACKS_LATE = False  # no redelivery: a lost run is the row's to notice
CELERY_TASK_IGNORE_RESULT = (
    True  # results only where a person looks: there the task says so
)
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_RESULT_BACKEND = "django-db"
CELERY_RESULT_EXTENDED = True
CELERY_RESULT_EXPIRES = 7 * 86_400
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_DISABLE_PREFETCH = True
CELERY_WORKER_MAX_TASKS_PER_CHILD = 1000
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 300_000  # KiB
CELERY_DB_REUSE_MAX = 100  # tasks per database connection
CELERY_TIMEZONE = SHOP_TIME_ZONE  # nightly means the shop's night
OUTBOX_MEMORY_LIMIT_MB = env.int(
    "OUTBOX_MEMORY_LIMIT_MB", 1024
)  # of a worker's process; 0 = none
OUTBOX_KEEP_DONE_DAYS = env.int("OUTBOX_KEEP_DONE_DAYS", 14)
OUTBOX_KEEP_DEAD_DAYS = env.int("OUTBOX_KEEP_DEAD_DAYS", 90)
