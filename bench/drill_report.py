#!/usr/bin/env python3
"""Runs the crash drill, draws docs/crash-drill/*.svg and rewrites the table between the marks in
docs/crash-drill.md.
"""
import csv
import datetime
import subprocess
import tempfile
from pathlib import Path

from publish import machine
from svg_plot import Chart

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = ROOT / "build/release/bin/crash_drill"
BARS = ROOT / "bench/data/btcusdt_spot_1m_20210417.csv"
PAGE = ROOT / "docs/crash-drill.md"
PLOTS = ROOT / "docs/crash-drill"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
VARIANTS_BEGIN, VARIANTS_END = "<!-- variants: begin -->", "<!-- variants: end -->"

ROWS = [
    ("prices", "prices sent"),
    ("batches", "batches"),
    ("violations", "**violations of any check**"),
    ("fewest_open_positions", "open positions, fewest"),
    ("trades", "trades"),
    ("book_slices", "liquidation slices through the book"),
    ("book_usdc", "their value, USDC"),
    ("take_overs", "take-overs by the insurance fund"),
    ("taken_over_usdc", "their value, USDC"),
    ("deleveragings", "positions auto-deleveraged"),
    ("deleveraged_usdc", "their value, USDC"),
    ("deleveraged_agents", "agents closed against them"),
    ("liquidation_fees_usdc", "liquidation fees to the fund, USDC"),
    ("fund_equity_usdc", "insurance fund at the end, USDC (begins with 1,000,000)"),
    ("bad_debt_usdc", "bad debt, USDC"),
    ("funding_hours", "hours of funding settled"),
    ("speed", "speed: time of the record through time in the engine"),
    ("price_p50_us", "one price, p50, µs"),
    ("price_p99_us", "**one price, p99, µs**"),
    ("price_p999_us", "one price, p99.9, µs"),
    ("price_max_us", "one price, max, µs"),
    ("liquidating_batches", "prices that liquidated, without deleveraging"),
    ("liquidating_p99_us", "of them p99, µs"),
    ("deleveraging_batches", "prices that deleveraged"),
    ("deleveraging_p50_us", "of them p50, µs"),
    ("deleveraging_max_us", "of them max, µs"),
]

HOUR = ["--worst-hour", "--step", "3"]
VARIANTS = [
    ("as above", []),
    ("breaker at 100 million a minute", ["--breaker", "100000000"]),
    ("fund may hold 100 million", ["--fund-cap", "100000000"]),
    ("fund of 10 million, may hold 100 million",
     ["--fund", "10000000", "--fund-cap", "100000000"]),
    ("both, and the breaker at 100 million",
     ["--fund", "10000000", "--fund-cap", "100000000", "--breaker", "100000000"]),
    ("32 makers instead of 8, breaker at 100 million",
     ["--makers", "32", "--breaker", "100000000"]),
]


def run_drill(folder, *options):
    subprocess.run([PROGRAM, BARS, "--out", folder, *options], check=True,
                   stdout=subprocess.DEVNULL)
    with open(Path(folder) / "summary.csv") as file:
        summary = {row["name"]: row["value"] for row in csv.DictReader(file)}
    with open(Path(folder) / "series.csv") as file:
        series = [{name: float(value) for name, value in row.items()}
                  for row in csv.DictReader(file)]
    return summary, series


def time_labels(series, minutes, form):
    step = minutes * 60_000
    first = int(series[0]["time_ms"] // step + 1) * step
    labels = []
    for at in range(first, int(series[-1]["time_ms"]) + 1, step):
        moment = datetime.datetime.fromtimestamp(at / 1000, datetime.timezone.utc)
        labels.append((at, moment.strftime(form)))
    return labels


def draw(name, series, labels):
    times = [row["time_ms"] for row in series]

    def column(key, scale=1.0):
        return [row[key] * scale for row in series]

    chart = Chart("Index and mark", "USDC", labels)
    chart.line("index", times, column("index"))
    chart.line("mark", times, column("mark"))
    chart.write(PLOTS / f"{name}-price.svg")

    chart = Chart("Equity: balances, margins and open profit", "USDC", labels)
    chart.line("agents", times, column("agents_equity"))
    chart.line("makers", times, column("makers_equity"))
    chart.write(PLOTS / f"{name}-equity.svg")

    chart = Chart("Insurance fund", "USDC", labels)
    chart.line("equity", times, column("fund_equity"))
    chart.line("cash", times, column("fund_cash"))
    chart.line("bad debt", times, column("bad_debt"))
    chart.write(PLOTS / f"{name}-insurance.svg")

    chart = Chart("Liquidated since the beginning", "USDC", labels)
    chart.area("through the book", times, column("book"))
    chart.area("taken over by the fund", times, column("taken_over"))
    chart.area("auto-deleveraged", times, column("deleveraged"))
    chart.write(PLOTS / f"{name}-liquidations.svg")

    chart = Chart("Agents closed by auto-deleveraging since the beginning, and open positions",
                  "", labels)
    chart.line("closed against", times, column("deleveraged_agents"))
    chart.line("open positions", times, column("open_positions"))
    chart.write(PLOTS / f"{name}-deleveraging.svg")


def variant_lines():
    """The hour with other settings."""
    lines = ["| the hour, with | through the book | taken over | deleveraged | fund at the end | "
             "violations |", "|---|---|---|---|---|---|"]
    for name, options in VARIANTS:
        with tempfile.TemporaryDirectory() as folder:
            summary, _ = run_drill(folder, *HOUR, *options)
        figures = [float(summary[key]) / 1e6 for key in
                   ("book_usdc", "taken_over_usdc", "deleveraged_usdc", "fund_equity_usdc")]
        lines.append(f"| {name} | " + " | ".join(f"{figure:.1f}" for figure in figures)
                     + f" | {summary['violations']} |")
    return lines + ["", "Millions of USDC."]


def shown(value):
    try:
        return f"{float(value):,.1f}" if "." in value else f"{int(value):,}"
    except ValueError:
        return value


def replace(begin, end, lines):
    before, rest = PAGE.read_text().split(begin)
    PAGE.write_text(before + "\n".join(lines + ["", end]) + rest.split(end)[1])


def main():
    PLOTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        days, days_series = run_drill(folder)
        hour, hour_series = run_drill(folder, *HOUR)
    draw("days", days_series, time_labels(days_series, 360, "%d %H:%M"))
    draw("hour", hour_series, time_labels(hour_series, 10, "%H:%M"))
    lines = [BEGIN, "", f"{machine()}, {datetime.date.today()}.", "",
             f"| | both days, a price every 5 s | the hour from {hour['first_minute'][11:]} UTC, "
             "a price every 3 s |", "|---|---|---|"]
    lines += [f"| {text} | {shown(days.get(key, '–'))} | {shown(hour.get(key, '–'))} |"
              for key, text in ROWS]
    replace(BEGIN, END, lines)
    replace(VARIANTS_BEGIN, VARIANTS_END, [VARIANTS_BEGIN, "", *variant_lines()])


if __name__ == "__main__":
    main()
