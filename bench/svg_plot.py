"""Charts as self-contained SVG, without dependencies: lines, and areas stacked on each other.

  chart = Chart("Price", "USDC", time_labels=[(x, "03:00"), ...])
  chart.line("index", xs, ys)          or chart.area("through the book", xs, ys)
  chart.write("price.svg")
"""
import math
from pathlib import Path

WIDTH, HEIGHT = 840, 300
LEFT, RIGHT, TOP, BOTTOM = 78, 16, 44, 34
COLOURS = ["#1f5fa8", "#c8511b", "#2e8b57", "#7a4fa3", "#8c6d1f", "#555555"]
POINTS_MAX = 1600  # a line of more points is thinned out to the extremes of each column


def nice_steps(low, high, count=5):
    """Round values that divide [low, high] into about `count` parts."""
    span = (high - low) or 1.0
    raw = span / count
    size = 10 ** math.floor(math.log10(raw))
    step = min((m * size for m in (1, 2, 2.5, 5, 10)), key=lambda s: abs(s - raw))
    first = math.ceil(low / step)
    return [i * step for i in range(first, math.floor(high / step + 1e-9) + 1)]


def short_number(value):
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if abs(value) >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def thin(points):
    """First, lowest, highest and last point of each of POINTS_MAX / 4 columns."""
    if len(points) <= POINTS_MAX:
        return points
    width = len(points) * 4 // POINTS_MAX + 1
    kept = []
    for begin in range(0, len(points), width):
        column = list(enumerate(points[begin:begin + width]))
        places = {0, len(column) - 1, min(column, key=lambda p: p[1][1])[0],
                  max(column, key=lambda p: p[1][1])[0]}
        kept += [column[i][1] for i in sorted(places)]
    return kept


class Chart:
    def __init__(self, title, unit, x_labels, number=short_number):
        self.title, self.unit, self.x_labels, self.number = title, unit, x_labels, number
        self.series = []

    def line(self, name, xs, ys):
        self.series.append(("line", name, list(zip(xs, ys))))

    def area(self, name, xs, ys):
        """Areas stack in the order in which they are added."""
        self.series.append(("area", name, list(zip(xs, ys))))

    def dots(self, name, xs, ys):
        self.series.append(("dots", name, list(zip(xs, ys))))

    def stacked(self):
        base, out = None, []
        for kind, name, points in self.series:
            if kind != "area":
                out.append((kind, name, points, None))
                continue
            below = base or [0.0] * len(points)
            top = [b + y for b, (_, y) in zip(below, points)]
            out.append((kind, name, [(x, t) for (x, _), t in zip(points, top)], below))
            base = top
        return out

    def svg(self):
        drawn = self.stacked()
        xs = [x for _, _, points, _ in drawn for x, _ in points]
        ys = [y for _, _, points, _ in drawn for _, y in points]
        low, high = min(ys), max(ys)
        if any(kind == "area" for kind, _, _, _ in drawn):
            low = min(0.0, low)
        pad = (high - low) * 0.04 or 1.0
        low, high = (low if low == 0 else low - pad), high + pad
        x_low, x_high = min(xs), max(xs)

        def px(x):
            return LEFT + (x - x_low) / ((x_high - x_low) or 1) * (WIDTH - LEFT - RIGHT)

        def py(y):
            return TOP + (high - y) / (high - low) * (HEIGHT - TOP - BOTTOM)

        parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
                 f'font-family="sans-serif" font-size="11">',
                 f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
                 f'<text x="{LEFT}" y="18" font-size="13" font-weight="bold">{self.title}</text>',
                 f'<text x="{LEFT - 6}" y="34" text-anchor="end" fill="#666">{self.unit}</text>']
        for y in nice_steps(low, high):
            parts.append(f'<path d="M{LEFT} {py(y):.1f}H{WIDTH - RIGHT}" stroke="#e3e3e3"/>'
                         f'<text x="{LEFT - 6}" y="{py(y) + 4:.1f}" text-anchor="end">'
                         f'{self.number(y)}</text>')
        for x, label in self.x_labels:
            if x_low <= x <= x_high:
                parts.append(f'<path d="M{px(x):.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#f0f0f0"/>'
                             f'<text x="{px(x):.1f}" y="{HEIGHT - BOTTOM + 16}" '
                             f'text-anchor="middle">{label}</text>')
        for place, (kind, name, points, below) in enumerate(drawn):
            parts.append(self.draw(kind, points, below, COLOURS[place % len(COLOURS)], px, py))
        legend = LEFT
        for place, (_, name, _, _) in enumerate(drawn):
            parts.append(f'<rect x="{legend}" y="26" width="10" height="10" '
                         f'fill="{COLOURS[place % len(COLOURS)]}"/>'
                         f'<text x="{legend + 14}" y="35">{name}</text>')
            legend += 32 + 6.2 * len(name)
        return "\n".join(parts + ["</svg>", ""])

    @staticmethod
    def draw(kind, points, below, colour, px, py):
        if kind == "dots":
            return "".join(f'<circle cx="{px(x):.1f}" cy="{py(y):.1f}" r="1.8" fill="{colour}" '
                           f'fill-opacity="0.5"/>' for x, y in points)
        path = "M" + "L".join(f"{px(x):.1f} {py(y):.1f}" for x, y in thin(points))
        if kind == "line":
            return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.3"/>'
        floor = thin([(x, b) for (x, _), b in zip(points, below)])[::-1]
        path += "L" + "L".join(f"{px(x):.1f} {py(y):.1f}" for x, y in floor) + "Z"
        return f'<path d="{path}" fill="{colour}" fill-opacity="0.75"/>'

    def write(self, path):
        Path(path).write_text(self.svg())
