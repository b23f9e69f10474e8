#!/usr/bin/env python3
"""Makes the price series of the assets for which no recorded bars are bundled.

    python3 src/feeds/data/make_series.py

Writes doge.csv, pepe.csv, ... beside itself: 5-minute bars over the time of btc.csv. Each minute an
asset moves by its beta times the recorded move of BTC, plus a move of its own from a generator
seeded with its name, so every run gives the same files. The figures are invented, the level is that
of the same days.
"""
import csv
import math
import pathlib
import random

FOLDER = pathlib.Path(__file__).resolve().parent
MINUTES_PER_BAR = 5

# name: (price at the start, decimals, beta to BTC, own volatility of a minute)
ASSETS = {
    "doge": (0.14650, 6, 1.3, 0.00070),
    "pepe": (0.000009520, 9, 1.5, 0.00090),
    "wif": (2.4180, 5, 1.5, 0.00095),
    "arb": (0.54210, 6, 1.2, 0.00060),
    "op": (1.62400, 5, 1.2, 0.00060),
    "sui": (1.74300, 5, 1.3, 0.00080),
    "avax": (26.1500, 4, 1.2, 0.00055),
    "link": (11.3200, 4, 1.1, 0.00050),
    "aave": (149.300, 3, 1.1, 0.00060),
}


def btc_minutes():
    with open(FOLDER / "btc.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    closes = [float(rows[0]["open"])] + [float(row["close"]) for row in rows]
    moves = [math.log(after / before) for before, after in zip(closes, closes[1:])]
    return int(rows[0]["time"]), moves


def series(name, moves):
    start, _, beta, volatility = ASSETS[name]
    generator = random.Random(name)
    level = 0.0
    prices = [start]
    for move in moves:
        level += beta * move + generator.gauss(0.0, volatility)
        level *= 0.9995  # back towards the level of the day, slowly
        prices.append(start * math.exp(level))
    return prices


def write(name, first_time, prices):
    decimals = ASSETS[name][1]
    texts = [f"{price:.{decimals}f}" for price in prices]
    with open(FOLDER / f"{name}.csv", "w", newline="\n") as file:
        file.write("time,open,high,low,close\n")
        for first in range(0, len(prices) - MINUTES_PER_BAR, MINUTES_PER_BAR):
            bar = texts[first:first + MINUTES_PER_BAR + 1]
            high, low = max(bar, key=float), min(bar, key=float)
            time = first_time + first * 60
            file.write(f"{time},{bar[0]},{high},{low},{bar[-1]}\n")


def main():
    first_time, moves = btc_minutes()
    for name in ASSETS:
        write(name, first_time, series(name, moves))


if __name__ == "__main__":
    main()
