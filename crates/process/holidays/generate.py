"""Writes the holiday files of this folder anew. Needs the Python package holidays (MIT licence):

    pip install holidays && python generate.py .
"""

import os
import sys

import holidays

YEARS = range(2024, 2036)

# Countries with the parts whose days differ; None for all parts that the package knows.
COUNTRIES = {
    "AT": [],
    "BE": [],
    "CH": None,
    "DE": None,
    "DK": [],
    "ES": [],
    "FI": [],
    "FR": [],
    "GB": ["ENG", "WLS", "SCT", "NIR"],
    "IE": [],
    "IT": [],
    "LU": [],
    "NL": [],
    "NO": [],
    "PL": [],
    "PT": [],
    "SE": [],
    "US": [],
}


def rows(country, parts):
    """Day and name, with the parts they hold in; * for the whole country."""
    # What the package calls national for GB are days that not all parts keep.
    whole = {} if country == "GB" else holidays.country_holidays(country, years=YEARS)
    found = {(day, name): ["*"] for day, name in whole.items()}
    for part in parts:
        for day, name in holidays.country_holidays(country, subdiv=part, years=YEARS).items():
            if day not in whole:
                found.setdefault((day, name), []).append(part)
    if country == "GB":
        found = {key: ["*"] if len(held) == len(parts) else held for key, held in found.items()}
    return sorted((day, ",".join(held), name) for (day, name), held in found.items() if day.year in YEARS)


def write(folder):
    for country, parts in COUNTRIES.items():
        if parts is None:
            # Cities have days of their own in few places; whole parts have two letters.
            parts = [part for part in getattr(holidays, country).subdivisions if len(part) == 2]
        with open(os.path.join(folder, f"{country}.txt"), "w", encoding="utf-8") as out:
            out.write(
                f"# Public holidays from {YEARS[0]} to {YEARS[-1]}: day, parts of the country (* for all), name.\n"
                f"# From the Python package holidays {holidays.__version__} (MIT licence, Vacanza Team and contributors),"
                " written by generate.py.\n"
            )
            for day, held, name in rows(country, parts):
                out.write(f"{day.isoformat()}\t{held}\t{name}\n")


write(sys.argv[1])
