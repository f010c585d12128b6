"""Two kinds of small pictures, without a library: lines over a logarithmic axis, and shares stacked."""

import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 640, 320, 64, 40, 150, 48
COLOURS = ["#1f5fa8", "#c2410c", "#15803d", "#7c3aed", "#a16207", "#0e7490", "#9ca3af", "#4b5563"]


def _frame(title, x_label, y_label):
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="22" font-size="15">{escape(title)}</text>',
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 10}" text-anchor="middle">{escape(x_label)}</text>',
        f'<text x="16" y="{(TOP + HEIGHT - BOTTOM) / 2}" text-anchor="middle" transform="rotate(-90 16 {(TOP + HEIGHT - BOTTOM) / 2})">{escape(y_label)}</text>',
        f'<path d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - RIGHT}" fill="none" stroke="#333"/>',
    ]


def _legend(parts, names, colours):
    for at, (name, colour) in enumerate(zip(names, colours)):
        y = TOP + 12 + 18 * at
        parts.append(f'<rect x="{WIDTH - RIGHT + 14}" y="{y - 9}" width="10" height="10" fill="{colour}"/>')
        parts.append(f'<text x="{WIDTH - RIGHT + 30}" y="{y}">{escape(name)}</text>')


def lines(path, title, x_label, y_label, xs, series):
    """Values over `xs`, which is drawn logarithmically; a value that is none leaves a gap."""
    values = [y for ys in series.values() for y in ys if y == y]
    top = max(values, default=1) * 1.08 or 1
    spread = math.log(xs[-1] / xs[0]) or 1
    at = lambda x: LEFT + (WIDTH - LEFT - RIGHT) * math.log(x / xs[0]) / spread  # noqa: E731
    up = lambda y: HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * y / top  # noqa: E731
    parts = _frame(title, x_label, y_label)
    for x in xs:
        parts.append(f'<text x="{at(x):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{x:g}</text>')
    for share in (0, 0.25, 0.5, 0.75, 1):
        y = top / 1.08 * share
        parts.append(f'<path d="M{LEFT} {up(y):.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{up(y) + 4:.1f}" text-anchor="end">{y:,.3g}</text>')
    for (name, ys), colour in zip(series.items(), COLOURS):
        points = [(at(x), up(y)) for x, y in zip(xs, ys) if y == y]
        parts.append(f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
    _legend(parts, series, COLOURS)
    path.write_text("\n".join([*parts, "</svg>\n"]))


def stack(path, title, x_label, xs, mixes, names):
    """Shares of `names` at each of `xs`, as bars."""
    parts = _frame(title, x_label, "share")
    colours = dict(zip(names, COLOURS))
    wide = (WIDTH - LEFT - RIGHT) / len(xs)
    for at, (x, mix) in enumerate(zip(xs, mixes)):
        left, low = LEFT + wide * (at + 0.15), HEIGHT - BOTTOM
        for name in names:
            high = (HEIGHT - TOP - BOTTOM) * mix.get(name, 0)
            low -= high
            if high:
                parts.append(f'<rect x="{left:.1f}" y="{low:.1f}" width="{wide * 0.7:.1f}" height="{high:.1f}" fill="{colours[name]}"/>')
        parts.append(f'<text x="{left + wide * 0.35:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{x:g}</text>')
    used = [name for name in names if any(mix.get(name) for mix in mixes)]
    _legend(parts, used, [colours[name] for name in used])
    path.write_text("\n".join([*parts, "</svg>\n"]))
