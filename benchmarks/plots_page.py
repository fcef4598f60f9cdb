"""Write .dvc/plots_page.html, the template of `dvc plots show`, with Vega in the page, so that it works offline.

Usage: download the packages with npm, then write the page from them:

    npm pack --pack-destination FOLDER vega@5.20.2 vega-lite@5.2.0 vega-embed@6.18.2
    python benchmarks/plots_page.py FOLDER

The versions are those of DVC's own template, which loads Vega from the network.
"""

import argparse
import base64
import re
import tarfile
from collections.abc import Mapping
from pathlib import Path

PACKAGES = {"vega": "5.20.2", "vega-lite": "5.2.0", "vega-embed": "6.18.2"}

PAGE = Path(__file__).parents[1] / ".dvc/plots_page.html"

TEMPLATE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
script-src data: 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; \
img-src 'self' file: data: blob:; base-uri 'none'; form-action 'none'">
{refresh_tag}
<title>agelens: plots</title>
<!-- The template of `dvc plots show`, written by `python benchmarks/plots_page.py`. It contains Vega 5.20.2,
Vega-Lite 5.2.0 and Vega-Embed 6.18.2 (BSD-3-Clause, Interactive Data Lab, University of Washington), because DVC's own
template loads them from the network. -->
SCRIPTS
<style>body { font-family: system-ui, sans-serif; margin: 2rem auto; max-width: 60rem } img { max-width: 100% }</style>
</head>
<body>
<h1>agelens: plots</h1>
{plot_divs}
</body>
</html>
"""
"""DVC replaces `{refresh_tag}` and `{plot_divs}`."""


def main() -> None:
    """Write the page from the packages in a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder with the .tgz files of `npm pack`")
    folder = parser.parse_args().folder
    PAGE.write_text(render_page({name: read_script(folder, name) for name in PACKAGES}), encoding="utf-8")


def read_script(folder: Path, name: str) -> bytes:
    """Return the minified script of a package, without the comment that refers to its source map."""
    with tarfile.open(folder / f"{name}-{PACKAGES[name]}.tgz") as archive:
        file = archive.extractfile(f"package/build/{name}.min.js")
        content = file.read() if file else b""
    return re.sub(rb"\n//# sourceMappingURL=.*\n$", b"", content)


def render_page(scripts: Mapping[str, bytes]) -> str:
    """Return the page with the scripts as data URLs, which need no escaping in HTML."""
    tags = [
        f'<script src="data:text/javascript;base64,{base64.b64encode(scripts[name]).decode()}"></script>'
        for name in PACKAGES
    ]
    return TEMPLATE.replace("SCRIPTS", "\n".join(tags))


if __name__ == "__main__":
    main()
