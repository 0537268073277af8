"""Draws the comparison as an SVG: for each workload a bar per library, as long as its epoch takes."""

from html import escape

WIDTH, HEAD, ROW, LEFT, RIGHT = 720, 44, 22, 150, 100
STYLE = (
    "text { font: 13px sans-serif; fill: #222 } .head { font-weight: bold }"
    " .name { text-anchor: end } rect { fill: #9db4c8 } .ours { fill: #d9542b } .page { fill: #fff }"
)


def text(x, y, words, kind):
    return f'<text x="{x}" y="{y:.0f}" class="{kind}">{escape(words)}</text>'


def svg(groups):
    """The picture of groups, each a title and the milliseconds of its bars by name, ours first.

    The bars of a group are drawn to a scale of their own, since workloads differ.
    """
    lines, y = [], 0
    for title, bars in groups:
        y += HEAD
        lines.append(text(16, y - 14, title, "head"))
        longest = max(bars.values())
        for place, (name, milliseconds) in enumerate(bars.items()):
            width = (WIDTH - LEFT - RIGHT) * milliseconds / longest
            kind = "peer" if place else "ours"
            lines.append(text(LEFT - 10, y + 13, name, "name"))
            lines.append(
                f'<rect x="{LEFT}" y="{y + 2}" width="{width:.1f}" height="{ROW - 6}" class="{kind}"/>'
            )
            lines.append(text(round(LEFT + width + 8), y + 13, f"{milliseconds:.1f} ms", "value"))
            y += ROW
    y += 12
    size = f'width="{WIDTH}" height="{y}"'
    return "\n".join(
        [f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {WIDTH} {y}">']
        + [f"<style>{STYLE}</style>", f'<rect {size} class="page"/>', *lines, "</svg>", ""]
    )
