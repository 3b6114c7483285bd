"""Draw the add-on's pictures anew: icon, banner, screenshots, the demo's logo.

    make pictures
    make pictures ARGS=--check

The pages in ``artwork`` are photographed; they show the walkthrough's screenshots. With
``--check`` nothing is drawn: it says whether what the pictures show has changed since.
"""

import io
import sys
from pathlib import Path

from PIL import Image, ImageChops
from playwright.sync_api import sync_playwright

from workbench.provision.steps import fingerprint
from workbench.provision.system import find_browser

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "dev" / "artwork"
DESCRIPTION = ROOT / "static" / "description"
SCREENSHOTS = ROOT / ".dev" / "screenshots"
#: Drawing -> where it goes.
DRAWINGS = {
    "icon": DESCRIPTION / "icon.png",
    "banner": DESCRIPTION / "banner.png",
    "page": DESCRIPTION / "page.png",
    "logo": ROOT / "dev" / "workbench" / "stack" / "logo.png",
}
#: Screenshot of the walkthrough -> its name in the description.
COPIES = {
    "open-window": "window.png",
    "find-mail-1280": "mail.png",
    "open-payment-1280": "payment.png",
    "read-notifications": "notifications.png",
}
#: What the pictures show: templates, styles, scripts, and the drawings themselves.
SHOWN = (
    *("dev/artwork/*", "dev/workbench/walkthrough/*.py"),
    *("static/src/compose/*", "static/src/payment/*", "static/src/portal/*"),
    *("views/link/*_templates.xml", "views/payment/*_templates.xml"),
    *("views/portal/*.xml", "views/send/*_templates.xml"),
    "wizard/account_move_send_portal_views.xml",
)
#: Of what the pictures were drawn, as a digest.
DRAWN_FROM = PAGES / "drawn_from.txt"
#: Pixels: wider ones were taken for a screen with more pixels than the description.
WIDEST = 1280
#: Pixels left below the last thing to be seen.
MARGIN = 32


def draw(page, name):
    """Photograph a drawing.

    :return: a PNG file
    :rtype: bytes
    """
    page.goto((PAGES / f"{name}.html").as_uri())
    page.evaluate("document.fonts.ready")
    return page.locator(".picture").screenshot(omit_background=True)


def fit(png):
    """A screenshot as wide as the description, without the empty rows at its end.

    :rtype: PIL.Image.Image
    """
    image = Image.open(io.BytesIO(png)).convert("RGB")
    image.thumbnail((WIDEST, image.height))
    empty = Image.new("RGB", image.size, image.getpixel((0, image.height - 1)))
    bottom = ImageChops.difference(image, empty).getbbox()[3] + MARGIN
    return image.crop((0, 0, image.width, min(bottom, image.height)))


def save(image, path):
    """Save a picture."""
    image.save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}  {path.stat().st_size // 1024} kB")


def shown():
    """Return a digest of what the pictures show.

    :rtype: str
    """
    files = [
        path
        for pattern in SHOWN
        for path in sorted(ROOT.glob(pattern))
        if path.is_file() and path != DRAWN_FROM
    ]
    return fingerprint(*(str(path.relative_to(ROOT)) for path in files), *files)


def check():
    """Say whether the pictures are current.

    :return: 1 if not
    :rtype: int
    """
    if DRAWN_FROM.exists() and DRAWN_FROM.read_text().strip() == shown():
        print("The pictures are current.")
        return 0
    print("What the pictures show has changed since they were drawn: make pictures")
    return 1


def main():
    """Draw everything."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_browser(), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        for name, path in DRAWINGS.items():
            save(Image.open(io.BytesIO(draw(page, name))), path)
        browser.close()
    for name, copy in COPIES.items():
        (source,) = SCREENSHOTS.glob(f"[0-9][0-9]-{name}.png")
        save(fit(source.read_bytes()), DESCRIPTION / copy)
    DRAWN_FROM.write_text(f"{shown()}\n")


if __name__ == "__main__":
    sys.exit(check() if "--check" in sys.argv else main())
