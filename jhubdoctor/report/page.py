"""A page for a terminal: lines of text and styles, printed plain, in colour, or as a picture.

Cluster text arrives here already neutralised (`privacy.harmless`). It is never read as markup, and rich, which knows
the codes of colours and draws the picture, is imported only for these two.
"""

from __future__ import annotations

from jhubdoctor.report.lines import wrapped

NARROWEST = 60
Part = str | tuple[str, str]
"""A text, or a text with its style in the words of rich, as `bold red`."""


def painted(text: str, style: str) -> str:
    """Text in one of the colours that every terminal has."""
    if not (text and style):
        return text
    from rich.color import ColorSystem
    from rich.style import Style

    return Style.parse(style).render(text, color_system=ColorSystem.STANDARD)


class Page:
    """Lines of a width, as they are added; a line that is longer is not broken, so that it can still be pasted."""

    def __init__(self, width: int) -> None:
        self.width = max(width, NARROWEST)
        self.lines: list[tuple[Part, ...]] = []

    def line(self, *parts: Part) -> None:
        """One line, empty without parts."""
        self.lines.append(parts)

    def wrapped(self, text: str, *, style: str = "", head: str = "", head_style: str = "") -> None:
        """Text that wraps beside its head."""
        for part in wrapped(text, self.width - len(head)) or [""]:
            self.line((head, head_style), (part, style))
            head = " " * len(head)

    def text(self, *, color: bool) -> str:
        """The page, without blanks at the ends of lines."""
        paint = painted if color else lambda text, _: text
        shown = "".join("".join(p if isinstance(p, str) else paint(*p) for p in parts) + "\n" for parts in self.lines)
        return "\n".join(line.rstrip() for line in shown.split("\n"))

    def svg(self, title: str) -> str:
        """The page as it looks on a terminal; the same for the same page, on every terminal."""
        import io

        from rich.console import Console
        from rich.text import Text

        console = Console(
            file=io.StringIO(),
            record=True,
            width=self.width,
            force_terminal=True,
            color_system="truecolor",
            markup=False,
            emoji=False,
            highlight=False,
            legacy_windows=False,
            _environ={},
        )
        for parts in self.lines:
            console.print(Text.assemble(*parts), soft_wrap=True)
        return console.export_svg(title=title, unique_id="jhubdoctor")
