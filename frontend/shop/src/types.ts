/** The API's shapes under the names that this shop uses. */

import type { components } from "@markrin/client";

type Shapes = components["schemas"];

export type Address = Shapes["Address"];
export type Cart = Shapes["Cart"];
export type CartItem = Shapes["CartItem"];
export type Category = Shapes["Category"];
export type Facets = Shapes["Facets"];
export type FacetValue = Shapes["FacetValue"];
export type Invoice = Shapes["Invoice"];
export type Order = Shapes["OrderDetail"];
export type PostalAddress = Shapes["OrderDetail"]["shippingAddress"];
export type Product = Shapes["ProductItem"];
export type ProductDetail = Shapes["ProductDetail"];
export type Quote = Shapes["Quote"];
export type Review = Shapes["Review"];
export type Session = Shapes["Session"];
export type ShippingOption = Shapes["ShippingOption"];
export type SizeChart = Shapes["SizeChart"];
export type Suggestions = Shapes["Suggestions"];
export type User = Shapes["User"];
export type Variant = Shapes["Variant"];
