"""Core's letterheads, where they do not give way to what they hold."""

# Height of the tab with the title below the shape (`.o_folder_adaptative_shape`: 3rem).
_TAB = 48
# A shape that reaches up to the edge of any sheet; what is too much is cut off there.
_ENDLESS = "4000"
_DEFAULT_SHAPE = 174


def stretch(header):
    """Let the shape behind the header of the *folder* layout grow with its content.

    Core gives the shape a fixed height, and prints the title over the company's details
    when they are longer.

    :param etree._Element header: changed in place.
    """
    for container in header.find_class("o_folder_header_container"):
        shape = container.find("svg")
        if shape is None:
            continue
        height = _pixels(shape.get("height"))
        for part in (shape, *shape.iter("rect")):
            part.set("height", _ENDLESS)
        _style(container, "bottom:0;overflow:hidden")
        _style(shape, f"position:absolute;left:0;bottom:{_TAB}px")
        for tab in container.find_class("o_folder_adaptative_shape"):
            _style(tab, "position:absolute!important;left:0;right:0;bottom:0;top:auto")
        _style(
            header,
            f"box-sizing:border-box;min-height:{height + _TAB}px;"
            f"padding-bottom:{_TAB}px",
        )


def _pixels(length):
    try:
        return int(length)
    except (TypeError, ValueError):
        return _DEFAULT_SHAPE


def _style(element, declarations):
    given = (element.get("style") or "").rstrip("; ")
    element.set("style", f"{given};{declarations}".lstrip(";"))
