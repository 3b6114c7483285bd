/** The labelled inputs of the form: made, checked, and cleared away. */
const Fields = (function () {
    "use strict";

    const container = document.getElementById("fields");
    const all = new Map();
    let listener = () => {};

    function node(tag, attributes = {}, ...children) {
        const made = document.createElement(tag);
        for (const [name, value] of Object.entries(attributes)) {
            if (value !== undefined && value !== false) {
                made.setAttribute(name, value === true ? "" : value);
            }
        }
        made.append(...children);
        return made;
    }

    function inputNode(name, id, {options, ...attributes}) {
        if (!options) {
            const usual = {id, name, type: "text", "aria-required": "true"};
            return node("input", {...usual, ...attributes});
        }
        const choices = options.map(([value, text]) => node("option", {value}, text));
        return node("select", {id, name, ...attributes}, ...choices);
    }

    /** Make a labelled input; `check` returns null or what is wrong with a text. */
    function add(name, label, attributes, check, wide) {
        const id = `Field-${name}Input`;
        const input = inputNode(name, id, attributes);
        const error = node("p", {
            class: "error",
            id: `Field-${name}Error`,
            role: "alert",
            hidden: true,
        });
        const labelNode = node("label", {for: id}, label);
        const box = node("div", {class: "box"}, input);
        const style = wide ? "field wide" : "field";
        const outer = node("div", {class: style}, labelNode, box, error);
        container.append(outer);
        all.set(name, {input, error, check, outer, box, label: labelNode});
        listen(name, input);
        return input;
    }

    function listen(name, input) {
        input.addEventListener("focus", () => listener("focus"));
        input.addEventListener("blur", () => {
            showError(name, input.value !== "");
            listener("blur");
        });
        input.addEventListener("input", () => {
            showError(name, false);
            listener("change");
        });
    }

    const get = (name) => all.get(name);
    const value = (name) => all.get(name)?.input.value ?? "";
    const visible = (name) => all.has(name) && !all.get(name).outer.hidden;

    function problemOf(name) {
        const {check} = all.get(name);
        return check && visible(name) ? check(value(name)) : null;
    }

    function showError(name, show) {
        const {input, error} = all.get(name);
        const problem = show ? problemOf(name) : null;
        error.textContent = problem ? problem.message : "";
        error.hidden = !problem;
        input.setAttribute("aria-invalid", problem ? "true" : "false");
        if (problem) {
            input.setAttribute("aria-describedby", error.id);
        } else {
            input.removeAttribute("aria-describedby");
        }
    }

    /** Show what is wrong, go to the first such field, and return its problem. */
    function firstProblem() {
        let first = null;
        for (const name of all.keys()) {
            showError(name, true);
            first ||= problemOf(name) && {...problemOf(name), name};
        }
        if (first) {
            all.get(first.name).input.focus();
        }
        return first;
    }

    function clear() {
        all.clear();
        container.replaceChildren();
    }

    return {
        add,
        clear,
        complete: () => [...all.keys()].every((name) => !problemOf(name)),
        empty: () =>
            [...all.keys()].every((name) => name === "country" || !value(name)),
        firstProblem,
        focus: () => [...all.values()][0]?.input.focus(),
        get,
        node,
        onEvent: (heard) => (listener = heard),
        value,
        visible,
    };
})();
