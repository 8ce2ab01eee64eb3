"""What the demo shop sells: the category tree, its garments with their sizes and prices,
and its size charts.
"""

from dataclasses import dataclass

ALPHA = ("S", "M", "L", "XL", "XXL")
WAIST = ("28", "30", "32", "34", "36")
UK_MEN = ("UK 6", "UK 7", "UK 8", "UK 9", "UK 10")
UK_WOMEN = ("UK 3", "UK 4", "UK 5", "UK 6", "UK 7")
YEARS = ("2-3Y", "4-5Y", "6-7Y", "8-9Y", "10-11Y")
UK_KIDS = ("UK 10K", "UK 11K", "UK 12K", "UK 13K", "UK 1")
ONE = ("",)


@dataclass(frozen=True)
class Node:
    """A category: its slug (which carries its parent's), name, parent's slug, and tax class
    where it is not its parent's.
    """

    slug: str
    name: str
    parent: str | None = None
    tax_class: str | None = None
    text: str = ""


@dataclass(frozen=True)
class Garment:
    """A kind of thing in one category. Prices are the lowest and highest base price in
    hundreds of rupees. `picture` is how it looks; PICTURES names the nouns that look otherwise.
    """

    category: str
    code: str
    gender: str
    picture: str
    sizes: tuple[str, ...]
    prices: tuple[int, int]
    nouns: tuple[str, ...]
    materials: tuple[str, ...]
    text: str

    @property
    def has_fit(self) -> bool:
        """Whether reviewers say how it fits."""
        return self.sizes != ONE


TREE = (
    Node("men", "Men", text="Everyday and occasion wear for men."),
    Node("men-clothing", "Clothing", "men", "apparel"),
    Node("men-t-shirts", "T-shirts", "men-clothing"),
    Node("men-shirts", "Shirts", "men-clothing"),
    Node("men-jeans", "Jeans", "men-clothing"),
    Node("men-trousers", "Trousers", "men-clothing"),
    Node("men-jackets", "Jackets", "men-clothing"),
    Node("men-kurtas", "Kurtas", "men-clothing"),
    Node("men-footwear", "Footwear", "men", "footwear"),
    Node("men-sneakers", "Sneakers", "men-footwear"),
    Node("men-formal-shoes", "Formal shoes", "men-footwear"),
    Node("women", "Women", text="From the first coffee to the last dance."),
    Node("women-clothing", "Clothing", "women", "apparel"),
    Node("women-dresses", "Dresses", "women-clothing"),
    Node("women-tops", "Tops", "women-clothing"),
    Node("women-kurtas", "Kurtas", "women-clothing"),
    Node("women-sarees", "Sarees", "women-clothing", "fabric"),
    Node("women-jeans", "Jeans", "women-clothing"),
    Node("women-skirts", "Skirts", "women-clothing"),
    Node("women-jackets", "Jackets", "women-clothing"),
    Node("women-footwear", "Footwear", "women", "footwear"),
    Node("women-heels", "Heels", "women-footwear"),
    Node("women-flats", "Flats", "women-footwear"),
    Node(
        "kids", "Kids", None, "apparel", text="Clothes that survive the playground."
    ),
    Node("boys-t-shirts", "Boys' T-shirts", "kids"),
    Node("boys-shorts", "Boys' shorts", "kids"),
    Node("girls-dresses", "Girls' dresses", "kids"),
    Node("girls-tops", "Girls' tops", "kids"),
    Node("kids-footwear", "Footwear", "kids", "footwear"),
    Node(
        "accessories", "Accessories", text="The things that make an outfit yours."
    ),
    Node("bags", "Bags", "accessories", "bags"),
    Node("belts", "Belts", "accessories", "belts"),
    Node("watches", "Watches", "accessories", "watches"),
    Node("sunglasses", "Sunglasses", "accessories"),
    Node("caps", "Caps", "accessories"),
    Node("scarves", "Scarves", "accessories", "apparel"),
    Node("jewellery", "Jewellery", "accessories", "jewellery"),
)

_COTTON = ("Cotton", "Organic cotton", "Slub cotton")
_DENIM = ("Stretch denim", "Rigid denim", "Recycled denim")
_LEATHER = ("Leather", "Suede", "Vegan leather")
_FLOW = ("Viscose", "Linen", "Cotton voile", "Crêpe")

GARMENTS = (
    Garment(
        "men-t-shirts",
        "MTS",
        "men",
        "tee",
        ALPHA,
        (4, 15),
        ("Crew-Neck T-shirt", "Henley", "Polo", "Pocket T-shirt"),
        _COTTON,
        "A T-shirt that keeps its shape: bound neck, taped shoulders, washed before it is cut.",
    ),
    Garment(
        "men-shirts",
        "MSH",
        "men",
        "shirt",
        ALPHA,
        (9, 30),
        ("Oxford Shirt", "Mandarin Shirt", "Camp-Collar Shirt", "Poplin Shirt"),
        ("Cotton", "Linen", "Flannel"),
        "Single-needle seams and real shell buttons, cut to be worn in or out.",
    ),
    Garment(
        "men-jeans",
        "MJE",
        "men",
        "trousers",
        WAIST,
        (14, 42),
        ("Slim Jeans", "Straight Jeans", "Tapered Jeans", "Relaxed Jeans"),
        _DENIM,
        "Mid-rise jeans with a bar-tacked fly and pockets deep enough for a phone.",
    ),
    Garment(
        "men-trousers",
        "MTR",
        "men",
        "trousers",
        WAIST,
        (12, 36),
        ("Chinos", "Pleated Trousers", "Cargo Trousers"),
        ("Cotton twill", "Linen", "Wool blend"),
        "Trousers for the desk and the evening after it, with a curtained waistband.",
    ),
    Garment(
        "men-jackets",
        "MJA",
        "men",
        "jacket",
        ALPHA,
        (24, 85),
        ("Bomber Jacket", "Field Jacket", "Quilted Jacket", "Bandhgala"),
        ("Nylon", "Waxed cotton", "Wool blend"),
        "Fully lined, with an inside pocket and a zip that will not catch.",
    ),
    Garment(
        "men-kurtas",
        "MKU",
        "men",
        "kurta",
        ALPHA,
        (10, 38),
        ("Straight Kurta", "Short Kurta", "Pathani Kurta"),
        ("Khadi cotton", "Linen", "Silk blend"),
        "A kurta with side slits and a hand-finished placket.",
    ),
    Garment(
        "men-sneakers",
        "MSN",
        "men",
        "sneaker",
        UK_MEN,
        (18, 70),
        ("Low-Top Sneakers", "Court Sneakers", "Knit Runners"),
        ("Leather", "Canvas", "Recycled knit"),
        "A cushioned insole you can take out, and a stitched rubber sole.",
    ),
    Garment(
        "men-formal-shoes",
        "MFS",
        "men",
        "derby",
        UK_MEN,
        (25, 95),
        ("Derby Shoes", "Oxford Shoes", "Loafers", "Chelsea Boots"),
        _LEATHER,
        "Leather-lined and resoleable; polish them and they will outlast the suit.",
    ),
    Garment(
        "women-dresses",
        "WDR",
        "women",
        "dress",
        ALPHA,
        (13, 55),
        ("Wrap Dress", "Shirt Dress", "Slip Dress", "Tiered Maxi Dress"),
        _FLOW,
        "A dress with pockets, a lining where it matters and a hem that moves.",
    ),
    Garment(
        "women-tops",
        "WTO",
        "women",
        "top",
        ALPHA,
        (6, 24),
        ("Peplum Top", "Camisole", "Tie-Neck Blouse", "Boxy Top"),
        _FLOW,
        "Light enough for May, with seams that lie flat under a jacket.",
    ),
    Garment(
        "women-kurtas",
        "WKU",
        "women",
        "kurta",
        ALPHA,
        (9, 40),
        ("A-Line Kurta", "Anarkali Kurta", "Straight Kurta"),
        ("Khadi cotton", "Chanderi", "Rayon"),
        "Block-printed by hand, so no two are quite alike.",
    ),
    Garment(
        "women-sarees",
        "WSA",
        "women",
        "saree",
        ONE,
        (20, 150),
        ("Handloom Saree", "Banarasi Saree", "Printed Saree"),
        ("Cotton", "Silk", "Chiffon", "Linen"),
        "Five and a half metres and an unstitched blouse piece.",
    ),
    Garment(
        "women-jeans",
        "WJE",
        "women",
        "trousers",
        WAIST,
        (14, 40),
        ("Skinny Jeans", "Wide-Leg Jeans", "Mom Jeans"),
        _DENIM,
        "High-rise jeans with a contoured waistband that does not gape.",
    ),
    Garment(
        "women-skirts",
        "WSK",
        "women",
        "skirt",
        ALPHA,
        (10, 32),
        ("Pleated Skirt", "Pencil Skirt", "Wrap Skirt"),
        _FLOW,
        "A skirt with a side zip, a lining and, yes, pockets.",
    ),
    Garment(
        "women-jackets",
        "WJA",
        "women",
        "jacket",
        ALPHA,
        (22, 80),
        ("Denim Jacket", "Tailored Blazer", "Puffer Jacket"),
        ("Cotton", "Wool blend", "Recycled nylon"),
        "Cut to sit over a kurta as well as over a T-shirt.",
    ),
    Garment(
        "women-heels",
        "WHE",
        "women",
        "block_heel",
        UK_WOMEN,
        (16, 60),
        ("Block Heels", "Kitten Heels", "Strappy Sandals"),
        _LEATHER,
        "A padded footbed and a heel that finds its balance on cobbles.",
    ),
    Garment(
        "women-flats",
        "WFL",
        "women",
        "ballerina",
        UK_WOMEN,
        (10, 40),
        ("Ballerinas", "Juttis", "Loafers", "Kolhapuris"),
        _LEATHER,
        "Soft from the first day, with a non-slip sole.",
    ),
    Garment(
        "boys-t-shirts",
        "BTS",
        "boys",
        "tee",
        YEARS,
        (3, 9),
        ("Graphic T-shirt", "Striped T-shirt", "Polo"),
        _COTTON,
        "Pre-shrunk and colour-fast: made for the third wash of the week.",
    ),
    Garment(
        "boys-shorts",
        "BSH",
        "boys",
        "shorts",
        YEARS,
        (4, 12),
        ("Cargo Shorts", "Play Shorts"),
        ("Cotton twill", "Jersey"),
        "An adjustable waist and reinforced seats.",
    ),
    Garment(
        "girls-dresses",
        "GDR",
        "girls",
        "dress",
        YEARS,
        (6, 22),
        ("Twirl Dress", "Pinafore", "Party Dress"),
        ("Cotton", "Cotton voile", "Corduroy"),
        "A dress for climbing trees, lined in soft cotton.",
    ),
    Garment(
        "girls-tops",
        "GTO",
        "girls",
        "top",
        YEARS,
        (3, 10),
        ("Ruffle Top", "Printed T-shirt"),
        _COTTON,
        "Soft against the skin, with no label to scratch.",
    ),
    Garment(
        "kids-footwear",
        "KFW",
        "unisex",
        "velcro",
        UK_KIDS,
        (7, 25),
        ("School Shoes", "Velcro Sneakers", "Sandals"),
        ("Leather", "Canvas", "EVA"),
        "Room to grow, and a toe cap that can take it.",
    ),
    Garment(
        "bags",
        "ABG",
        "unisex",
        "bag",
        ONE,
        (12, 90),
        ("Tote", "Backpack", "Crossbody Bag", "Weekender"),
        ("Leather", "Canvas", "Vegan leather"),
        "A lined bag with one pocket for everything you search for.",
    ),
    Garment(
        "belts",
        "ABE",
        "unisex",
        "belt",
        ("S", "M", "L"),
        (6, 25),
        ("Classic Belt", "Woven Belt", "Reversible Belt"),
        _LEATHER,
        "A solid buckle and an edge that is burnished, not painted.",
    ),
    Garment(
        "watches",
        "AWA",
        "unisex",
        "watch",
        ONE,
        (20, 180),
        ("Field Watch", "Dress Watch", "Chronograph"),
        ("Steel", "Leather", "Titanium"),
        "Sapphire glass, five-bar water resistance and a strap you can change.",
    ),
    Garment(
        "sunglasses",
        "ASU",
        "unisex",
        "glasses",
        ONE,
        (8, 60),
        ("Wayfarers", "Aviators", "Round Sunglasses"),
        ("Acetate", "Metal"),
        "Polarised lenses that block all UV-A and UV-B light.",
    ),
    Garment(
        "caps",
        "ACA",
        "unisex",
        "cap",
        ONE,
        (4, 14),
        ("Baseball Cap", "Bucket Hat", "Beanie"),
        ("Cotton twill", "Wool blend", "Corduroy"),
        "A curved peak and a strap that adjusts.",
    ),
    Garment(
        "scarves",
        "ASC",
        "women",
        "scarf",
        ONE,
        (5, 35),
        ("Stole", "Square Scarf", "Shawl"),
        ("Pashmina", "Silk", "Cotton voile"),
        "Hand-rolled edges and a drape that stays where you put it.",
    ),
    Garment(
        "jewellery",
        "AJE",
        "women",
        "necklace",
        ONE,
        (5, 75),
        ("Pendant Necklace", "Layered Necklace", "Jhumka Set"),
        ("Sterling silver", "Gold-plated brass"),
        "Nickel-free, and packed in a box worth keeping.",
    ),
)

# a noun → its picture, where it looks otherwise than others of its garment
PICTURES = {
    "Polo": "polo",
    "Henley": "henley",
    "Knit Runners": "runner",
    "Oxford Shoes": "oxford",
    "Loafers": "loafer",
    "Chelsea Boots": "boot",
    "Kitten Heels": "kitten_heel",
    "Strappy Sandals": "strappy",
    "Juttis": "jutti",
    "Kolhapuris": "kolhapuri",
    "School Shoes": "school",
    "Sandals": "sandal",
    "Shirt Dress": "shirt_dress",
    "Slip Dress": "slip_dress",
    "Tiered Maxi Dress": "maxi_dress",
    "Camisole": "camisole",
    "Wide-Leg Jeans": "wide_trousers",
    "Pencil Skirt": "pencil_skirt",
    "Puffer Jacket": "puffer",
    "Tote": "tote",
    "Backpack": "backpack",
    "Weekender": "weekender",
    "Bucket Hat": "bucket_hat",
    "Beanie": "beanie",
    "Aviators": "aviators",
    "Wayfarers": "wayfarers",
    "Jhumka Set": "jhumkas",
    "Printed T-shirt": "tee",
}

# category → (title, note, measures, a row for each size: its name and a range in cm for
# each measure)
SIZE_CHARTS: dict[
    str,
    tuple[
        str,
        str,
        tuple[str, ...],
        tuple[tuple[str, tuple[tuple[float, float], ...]], ...],
    ],
] = {
    "men-clothing": (
        "Men's clothing",
        "Body measures, not the garment's.",
        ("chest", "waist", "sleeve"),
        tuple(
            (
                size,
                (
                    (88 + 6 * i, 93 + 6 * i),
                    (74 + 6 * i, 79 + 6 * i),
                    (82 + i, 82.5 + i),
                ),
            )
            for i, size in enumerate(ALPHA)
        ),
    ),
    "women-clothing": (
        "Women's clothing",
        "Body measures, not the garment's.",
        ("bust", "waist", "hip"),
        tuple(
            (
                size,
                (
                    (82 + 6 * i, 87 + 6 * i),
                    (64 + 6 * i, 69 + 6 * i),
                    (90 + 6 * i, 95 + 6 * i),
                ),
            )
            for i, size in enumerate(ALPHA)
        ),
    ),
    "men-jeans": (
        "Men's jeans",
        "",
        ("waist", "hip", "inside leg"),
        tuple(
            (size, ((71 + 5 * i, 75 + 5 * i), (88 + 5 * i, 92 + 5 * i), (81, 81)))
            for i, size in enumerate(WAIST)
        ),
    ),
    "women-jeans": (
        "Women's jeans",
        "",
        ("waist", "hip", "inside leg"),
        tuple(
            (size, ((68 + 5 * i, 72 + 5 * i), (92 + 5 * i, 96 + 5 * i), (76, 76)))
            for i, size in enumerate(WAIST)
        ),
    ),
    "men-footwear": (
        "Men's footwear",
        "Stand on a sheet of paper and measure heel to toe.",
        ("foot length",),
        tuple(
            (size, ((24.5 + 0.8 * i, 25.2 + 0.8 * i),))
            for i, size in enumerate(UK_MEN)
        ),
    ),
    "women-footwear": (
        "Women's footwear",
        "Stand on a sheet of paper and measure heel to toe.",
        ("foot length",),
        tuple(
            (size, ((22.0 + 0.8 * i, 22.7 + 0.8 * i),))
            for i, size in enumerate(UK_WOMEN)
        ),
    ),
    "kids": (
        "Kids' clothing",
        "Go by height when age and height disagree.",
        ("height", "chest"),
        tuple(
            (size, ((92 + 12 * i, 103 + 12 * i), (53 + 4 * i, 56 + 4 * i)))
            for i, size in enumerate(YEARS)
        ),
    ),
    "kids-footwear": (
        "Kids' footwear",
        "Leave a thumb's width in front of the toes.",
        ("foot length",),
        tuple(
            (size, ((17.0 + 0.8 * i, 17.7 + 0.8 * i),))
            for i, size in enumerate(UK_KIDS)
        ),
    ),
}
