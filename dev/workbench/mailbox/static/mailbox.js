/* Three comforts; the page is whole without them: the choice of light or dark, a frame
   as tall as its mail, and a list that shows new mails by itself. */

const REFRESH_MS = 2000;
const root = document.documentElement;

function isDark() {
    const chosen = root.dataset.theme;
    return chosen
        ? chosen === "dark"
        : matchMedia("(prefers-color-scheme: dark)").matches;
}

function setUpTheme(button) {
    button.hidden = false;
    button.addEventListener("click", () => {
        root.dataset.theme = isDark() ? "light" : "dark";
        localStorage.setItem("theme", root.dataset.theme);
    });
}

function setUpFrame(frame) {
    const fit = () => {
        const body = frame.contentDocument?.body;
        if (body) {
            const margins = 2 * body.offsetTop;
            frame.style.height = `${Math.max(body.scrollHeight + margins, 120)}px`;
        }
    };
    const watch = () => {
        fit();
        new ResizeObserver(fit).observe(frame.contentDocument.documentElement);
    };
    frame.addEventListener("load", watch);
    addEventListener("resize", fit);
    if (frame.contentDocument?.readyState === "complete") {
        watch();
    }
}

async function refresh(list) {
    const response = await fetch(`/list?selected=${list.dataset.selected}`);
    const html = await response.text();
    if (html !== list.shown) {
        const isFirst = list.shown === undefined;
        list.shown = html;
        if (!isFirst) {
            list.innerHTML = html;
        }
    }
}

function setUpList(list) {
    const tick = async () => {
        if (!document.hidden) {
            // The server is gone when the stack stops; the list then stays as it is.
            await refresh(list).catch(() => {});
        }
        setTimeout(tick, REFRESH_MS);
    };
    tick();
}

root.dataset.theme = localStorage.getItem("theme") ?? "";
addEventListener("DOMContentLoaded", () => {
    setUpTheme(document.querySelector(".theme"));
    setUpList(document.querySelector(".list"));
    document.querySelectorAll("iframe.body").forEach(setUpFrame);
});
