"""Finding titles: by what somebody types, in either script or pinyin, and by a theme's query."""
