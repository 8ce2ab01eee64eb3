"""What the demo's people, brands and colours are called, and what reviewers say. All of it
is made up.
"""

BRANDS = (
    "Nilgiri",
    "Kessar",
    "Tall Banyan",
    "Marlo & Finch",
    "Indigo Lane",
    "Saffron Street",
    "Oakmoss",
    "Vela",
    "Paper Kite",
    "Rann",
    "Northgate",
    "Little Mynah",
    "Harbour Nine",
    "Sutra Works",
    "Cobalt Yard",
    "Amaltas",
)
STYLES = (
    "Coastal",
    "Heritage",
    "Weekend",
    "Studio",
    "Monsoon",
    "Metro",
    "Classic",
    "Terrace",
    "Garden",
    "Summit",
    "Soft",
    "Everyday",
    "Archive",
    "Market",
    "Lakeside",
    "Festive",
    "Midnight",
    "Sunday",
    "Courtyard",
    "Modern",
)
COLLECTIONS = (
    "",
    "",
    "",
    "Summer Linen",
    "Festive Edit",
    "Back to Work",
    "Travel Light",
    "Winter Layers",
)
TAGS = (
    "bestseller",
    "handmade",
    "organic",
    "limited",
    "gift",
    "office",
    "travel",
    "festive",
    "vegan",
)

# name → (code in SKUs, red, green, blue)
COLOURS = {
    "Black": ("BLK", 38, 38, 42),
    "White": ("WHT", 240, 238, 232),
    "Navy": ("NVY", 36, 52, 92),
    "Charcoal": ("CHA", 84, 88, 96),
    "Olive": ("OLV", 104, 112, 64),
    "Rust": ("RST", 178, 84, 48),
    "Mustard": ("MST", 214, 162, 56),
    "Maroon": ("MRN", 118, 32, 48),
    "Sky": ("SKY", 132, 178, 214),
    "Blush": ("BLS", 226, 172, 172),
    "Teal": ("TEA", 38, 118, 122),
    "Sand": ("SND", 210, 188, 152),
}

# What shoppers call them, and filter by; the others are families of their own.
COLOUR_FAMILIES = {
    "Navy": "Blue",
    "Sky": "Blue",
    "Teal": "Blue",
    "Charcoal": "Grey",
    "Olive": "Green",
    "Rust": "Orange",
    "Mustard": "Yellow",
    "Maroon": "Red",
    "Blush": "Pink",
    "Sand": "Beige",
}

FIRST_NAMES = {
    "female": (
        "Asha",
        "Meera",
        "Kavya",
        "Ananya",
        "Divya",
        "Ishita",
        "Leela",
        "Nandini",
        "Priya",
        "Riya",
        "Sana",
        "Tara",
        "Zoya",
        "Fatima",
        "Grace",
    ),
    "male": (
        "Arjun",
        "Dev",
        "Farhan",
        "Imran",
        "Kabir",
        "Karan",
        "Manish",
        "Nikhil",
        "Rahul",
        "Rohan",
        "Sameer",
        "Varun",
        "Vikram",
        "Yusuf",
        "Joseph",
    ),
}
LAST_NAMES = (
    "Rao",
    "Iyer",
    "Sharma",
    "Khan",
    "Patel",
    "Nair",
    "Das",
    "Mehta",
    "Singh",
    "Fernandes",
    "Bose",
    "Kulkarni",
    "Reddy",
    "Gupta",
    "Thomas",
    "Chatterjee",
)
STREETS = (
    "Lake View Road",
    "Station Road",
    "Temple Street",
    "Park Lane",
    "Hill Road",
    "Ring Road",
    "Church Street",
    "Garden Avenue",
)
# city, state, first digits of its postal codes
CITIES = (
    ("Bengaluru", "Karnataka", "5600"),
    ("Mumbai", "Maharashtra", "4000"),
    ("Delhi", "Delhi", "1100"),
    ("Chennai", "Tamil Nadu", "6000"),
    ("Kolkata", "West Bengal", "7000"),
    ("Pune", "Maharashtra", "4110"),
    ("Hyderabad", "Telangana", "5000"),
    ("Jaipur", "Rajasthan", "3020"),
    ("Kochi", "Kerala", "6820"),
)
CARRIERS = (
    ("Bluebird Express", "https://track.bluebird.invalid/"),
    ("Garuda Parcel", "https://garuda-parcel.invalid/t/"),
)

COMMENTS = {
    5: (
        "Exactly as pictured, and the {material} feels lovely.",
        "My third from {brand}. Never disappointed.",
        "Wore it straight out of the box and got two compliments.",
        "Perfect. Ordering another colour.",
        "Beautiful finish, arrived two days early.",
    ),
    4: (
        "Very good; the colour is a touch darker than on screen.",
        "Good value. Wish it came in more colours.",
        "Nice {material}, and it washed well.",
        "Lovely, though it creases a little.",
    ),
    3: (
        "Decent for the price.",
        "It is fine. The stitching could be neater.",
        "Looks good, but I expected more from {brand}.",
    ),
    2: (
        "Thinner than I thought.",
        "A loose thread on the first day.",
        "Not quite like the picture.",
    ),
    1: (
        "Came in the wrong shade and I sent it back.",
        "Fell apart after two washes.",
    ),
}
