// Vendure as its documentation has it for production: jobs and cache in Redis, search by its
// default plugin, mails by the worker (which does not run here), telemetry off.
const path = require("node:path");
const {
  DefaultLogger,
  DefaultSearchPlugin,
  dummyPaymentHandler,
  LogLevel,
  RedisCachePlugin,
} = require("@vendure/core");
const {
  defaultEmailHandlers,
  EmailPlugin,
  FileBasedTemplateLoader,
} = require("@vendure/email-plugin");
const { BullMQJobQueuePlugin } = require("@vendure/job-queue-plugin/package/bullmq");

const [socket, db] = process.env.CACHE_URL.replace("unix://", "").split("?db=");
const redis = { path: socket, db: Number(db) };

exports.config = {
  apiOptions: {
    port: Number(process.env.PORT || 0),
    hostname: "127.0.0.1",
    adminApiPath: "admin-api",
    shopApiPath: "shop-api",
  },
  authOptions: {
    tokenMethod: ["bearer", "cookie"],
    superadminCredentials: { identifier: "superadmin", password: "for-a-benchmark" },
    cookieOptions: { secret: "for-a-benchmark" },
  },
  dbConnectionOptions: {
    type: "postgres",
    host: process.env.DATABASE_HOST, // a folder: its Unix socket
    database: process.env.DATABASE_NAME,
    username: process.env.DATABASE_USER,
    schema: "public",
    synchronize: process.env.MAKE_TABLES === "1",
    logging: false,
  },
  paymentOptions: { paymentMethodHandlers: [dummyPaymentHandler] },
  logger: new DefaultLogger({ level: LogLevel.Warn }),
  plugins: [
    BullMQJobQueuePlugin.init({ connection: { ...redis, maxRetriesPerRequest: null } }),
    RedisCachePlugin.init({ redisOptions: redis }),
    DefaultSearchPlugin.init({ bufferUpdates: false, indexStockStatus: true }),
    EmailPlugin.init({
      transport: { type: "file", outputPath: path.join(__dirname, "mails") },
      handlers: defaultEmailHandlers,
      templateLoader: new FileBasedTemplateLoader(
        path.join(__dirname, "node_modules/@vendure/email-plugin/templates"),
      ),
      globalTemplateVars: { fromAddress: "shop@example.com" },
    }),
  ],
};
