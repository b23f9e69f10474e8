#!/usr/bin/env python3
"""Runs the funding replay, draws docs/funding-replay/*.svg and rewrites the tables between the
marks in docs/funding-replay.md.
"""
import csv
import math
import subprocess
import tempfile
from pathlib import Path

from svg_plot import Chart

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = ROOT / "build/release/bin/funding_replay"
HOURS = ROOT / "bench/data/btc_perp_hours_202201.csv"
PAGE = ROOT / "docs/funding-replay.md"
PLOTS = ROOT / "docs/funding-replay"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
INTEREST_PPB = 12_500  # of one hour, where neither damping nor premium moves the rate
PROXY_MINUTES = (15, 60, 240, 1440)


def rows_of(path):
    with open(path) as file:
        return list(csv.DictReader(file))


def correlation(a, b):
    mean_a, mean_b = sum(a) / len(a), sum(b) / len(b)
    both = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b))
    spread = math.sqrt(sum((x - mean_a) ** 2 for x in a) * sum((y - mean_b) ** 2 for y in b))
    return both / spread if spread else 0.0


def proxy_correlations():
    """Of the venue's rate with a premium over an average of the perpetual itself."""
    hours = rows_of(HOURS)
    rates = [float(hour["rate_ppb"]) for hour in hours]
    found = []
    for minutes in PROXY_MINUTES:
        average, premiums = None, []
        for hour in hours:
            closes = [float(text) for text in hour["closes"].split()]
            total = 0.0
            for close in closes:
                average = close if average is None else average + (close - average) / minutes
                total += close / average - 1
            premiums.append(total / len(closes))
        found.append((minutes, correlation(premiums, rates)))
    return found


def draw(series):
    labels = [(place, f"{row['hour'][8:10]} Jan") for place, row in enumerate(series)
              if row["hour"].endswith(" 00") and int(row["hour"][8:10]) % 5 == 1]
    places = range(len(series))
    chart = Chart("Funding of an hour, January 2022", "ppb", labels)
    chart.line("the venue's rate", places, [float(row["venue_ppb"]) for row in series])
    chart.line("our rate", places, [float(row["ours_ppb"]) for row in series])
    chart.write(PLOTS / "rates.svg")

    venue = [float(row["venue_ppb"]) for row in series]
    ticks = [(ppb, f"{ppb:,}") for ppb in range(-20_000, 30_000, 10_000)]
    chart = Chart("Rate of an hour over the venue's rate of that hour, both in ppb", "ours", ticks)
    chart.dots("a 24th of our premium", venue, [float(row["premium_ppb"]) / 24 for row in series])
    chart.dots("our rate", venue, [float(row["ours_ppb"]) for row in series])
    chart.write(PLOTS / "scatter.svg")


def table(summary, series):
    lines = ["| our series | correlation | mean error | mean absolute error | largest | "
             "same sign |", "|---|---|---|---|---|---|"]
    for row in summary:
        lines.append(f"| {row['series']} | {float(row['correlation']):.4f} "
                     f"| {int(row['mean_error_ppb']):+,} ppb "
                     f"| {int(row['mean_absolute_ppb']):,} ppb "
                     f"| {int(row['max_absolute_ppb']):,} ppb | {row['same_sign_percent']} % |")
    rates = [int(row["venue_ppb"]) for row in series]
    premiums = [int(row["premium_ppb"]) for row in series]
    in_band = sum(int(row["ours_ppb"]) == INTEREST_PPB for row in series)
    mean = sum(rates) / len(rates)
    lines += ["", f"{len(series)} hours. The venue's rate: mean {mean:,.0f} ppb,",
              f"{min(rates):,} to {max(rates):,}. Our average premium: {min(premiums):,} to",
              f"{max(premiums):,} ppb; in {in_band} hours our rate is the interest rate, "
              f"{INTEREST_PPB:,} ppb.", "",
              "| index guessed from the perpetual's own average over | correlation with the "
              "venue |", "|---|---|"]
    lines += [f"| {minutes} minutes | {value:.3f} |" for minutes, value in proxy_correlations()]
    return lines


def main():
    PLOTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([PROGRAM, HOURS, "--out", folder, "--check"], check=True,
                       stdout=subprocess.DEVNULL)
        summary = rows_of(Path(folder) / "summary.csv")
        series = rows_of(Path(folder) / "series.csv")
    draw(series)
    before, rest = PAGE.read_text().split(BEGIN)
    lines = [BEGIN, "", *table(summary, series), "", END]
    PAGE.write_text(before + "\n".join(lines) + rest.split(END)[1])


if __name__ == "__main__":
    main()
