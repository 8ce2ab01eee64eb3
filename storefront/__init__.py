"""What shoppers' browsers and search engines get besides the API: the shop's pages, its
settings, and the pages that staff write.
"""
